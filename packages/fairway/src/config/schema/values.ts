import { isIP } from 'node:net';
import { z } from 'zod';
import { splitCommand } from '../command-words.ts';
import { oneOf } from '../found.ts';
import { checkRepository, isBranchName, isDnsName } from '../names.ts';
import { DURATION_PATTERN, durationMs, formatSize, SIZE_PATTERN, sizeBytes } from '../units.ts';
import { leaf, text, Unfit } from './leaf.ts';

// Node's timers overflow after 24.8 days, and no wait in a deploy is longer than a day.
const LONGEST = '24h';

/** To milliseconds. */
export function duration(shortest: string) {
  const expected = `a duration from ${shortest} to ${LONGEST}, such as ${oneOf(['500ms', '2s', '5m'])}`;
  return leaf(text(expected, DURATION_PATTERN), (written) => {
    const milliseconds = durationMs(written);
    if (milliseconds >= durationMs(shortest) && milliseconds <= durationMs(LONGEST)) return milliseconds;
    return new Unfit(`a duration from ${shortest} to ${LONGEST}`);
  });
}

/** To bytes. */
export function size(smallest: string, largest: string) {
  const expected = `a size from ${smallest} to ${largest}, such as ${oneOf(['64kb', '20mb', '1gb'])}`;
  return leaf(text(expected, SIZE_PATTERN), (written) => {
    const bytes = sizeBytes(written);
    if (bytes >= sizeBytes(smallest) && bytes <= sizeBytes(largest)) return bytes;
    return new Unfit(`a size from ${formatSize(sizeBytes(smallest))} to ${formatSize(sizeBytes(largest))}`);
  });
}

/** To program and arguments. */
export function command() {
  const expected = 'a command, such as node server.js, or a list of its words';
  const word = z
    .string({ error: 'text' })
    .refine((given) => !given.includes('\0'), { error: 'text without NUL' });
  return leaf(
    z.union([z.string(), z.array(word)], { error: expected }),
    (written): readonly string[] | Unfit => {
      const split = typeof written === 'string' ? splitCommand(written) : { words: written };
      if ('expected' in split) return new Unfit(split.expected, { suggestion: split.suggestion });
      return (split.words[0] ?? '').trim() === '' ? new Unfit(expected) : split.words;
    },
  );
}

/** `8080` (at the default address), `127.0.0.1:8080`, `[::1]:8080`. */
export function listenAddress<Default extends string | undefined>(defaultAddress: Default) {
  const expected = 'an address and a port, such as 127.0.0.1:8080';
  return leaf(z.union([z.int(), z.string()], { error: expected }), (written) => {
    const match = /^(?:(?:\[([^\]]+)\]|([^:]+)):)?(\d{1,5})$/.exec(String(written));
    const named = (match?.[1] ?? match?.[2])?.replace(/^localhost$/, '127.0.0.1');
    const port = Number(match?.[3]);
    const isUnclear = named !== undefined && (isIP(named) === 0 || (match?.[2] && isIP(named) !== 4));
    if (!match || isUnclear) return new Unfit(expected);
    const address: string | Default = named ?? defaultAddress;
    return port <= 65_535 ? { address, port } : new Unfit('a port from 0 to 65535');
  });
}

/** `20000-29999`. */
export function portRange() {
  const expected = 'a range of ports from 1024 to 65535, such as 20000-29999';
  return leaf(text(expected, /^\d{1,5}-\d{1,5}$/), (written) => {
    const [from, to] = written.split('-').map(Number) as [number, number];
    return from >= 1024 && to <= 65_535 && from <= to ? { from, to } : new Unfit(expected);
  });
}

/** `200-399`, or `204` alone. */
export function statusRange() {
  const expected = 'a status code or a range of them, such as 200-399';
  return leaf(z.union([z.int(), z.string()], { error: expected }), (written) => {
    const match = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(String(written));
    const from = Number(match?.[1]);
    const to = Number(match?.[2] ?? from);
    return match && from <= to ? { from, to } : new Unfit(expected);
  });
}

/** `5%`, `0.25%`: to hundredths of a percent. */
export function share() {
  const expected = 'a percentage from 0.01% to 99.99%, such as 5%';
  return leaf(text(expected, /^\d{1,2}(\.\d{1,2})?%$/), (written) => {
    const basisPoints = Math.round(Number.parseFloat(written) * 100);
    return basisPoints > 0 ? basisPoints : new Unfit(expected);
  });
}

/** `50%`, `0.5%`: to a fraction, 0.5 and 0.005. */
export function margin() {
  const expected = 'a percentage from 0% to 1000%, such as 50%';
  return leaf(text(expected, /^\d{1,4}(\.\d{1,3})?%$/), (written) => {
    const percent = Number.parseFloat(written);
    return percent <= 1000 ? percent / 100 : new Unfit(expected);
  });
}

/** A duration, or `manual`: until somebody says so. */
export function hold() {
  const expected = `a duration from 0s to ${LONGEST}, such as 2m, or manual`;
  return leaf(text(expected), (written): number | 'manual' | Unfit => {
    if (written === 'manual') return written;
    const milliseconds = DURATION_PATTERN.test(written) ? durationMs(written) : Number.NaN;
    return milliseconds <= durationMs(LONGEST) ? milliseconds : new Unfit(expected);
  });
}

/** `2`, or `auto`. */
export function canaryInstances() {
  const expected = 'a whole number from 1 to 1000, or auto';
  return leaf(z.union([z.int(), z.string()], { error: expected }), (written): number | 'auto' | Unfit => {
    if (written === 'auto') return written;
    return typeof written === 'number' && written >= 1 && written <= 1000 ? written : new Unfit(expected);
  });
}

export type Count = { readonly count: number } | { readonly percent: number } | 'all';

/** How many of an app's instances: `2`, `25%`, and where `all` makes sense, `all`. */
export function instanceCount(allowed: 'all' | 'some') {
  const expected = allowed === 'all' ? 'a number, a percentage or all' : 'a number or a percentage';
  return leaf(z.union([z.int(), z.string()], { error: expected }), (written): Count | Unfit => {
    if (written === 'all' && allowed === 'all') return 'all';
    const match = /^(\d{1,4})(%?)$/.exec(String(written));
    const amount = Number(match?.[1]);
    if (!match || (match[2] === '%' && amount > 100)) return new Unfit(expected);
    return match[2] === '%' ? { percent: amount } : { count: amount };
  });
}

/** `.` or a folder below the repository's root, without `./` and trailing slash. */
export function directory() {
  const expected = 'a folder within the repository, such as server/site';
  return leaf(text(expected), (written) => {
    const parts = written.split('/').filter((part) => part !== '' && part !== '.');
    const outside = written.startsWith('/') || parts.includes('..') || /[\\\0]/.test(written);
    return outside ? new Unfit(`${expected}: no absolute path and no ".."`) : parts.join('/') || '.';
  });
}

export function branch() {
  const expected = 'the name of a git branch, such as production';
  return leaf(text(expected), (written) => (isBranchName(written) ? written : new Unfit(expected)));
}

export function repository() {
  return leaf(text('a git URL (https://…, ssh://…, git@host:path) or a path'), (written) => {
    const checked = checkRepository(written);
    return 'address' in checked ? checked.address : new Unfit(checked.expected, checked);
  });
}

/** A visitor's host name, in lower case; `*.` stands for one label. */
export function routeHost() {
  const expected = 'a host name without port, such as www.example.org or *.example.org';
  return leaf(text(expected), (written) => {
    const name = written.toLowerCase();
    return isDnsName(name.replace(/^\*\./, '')) ? name : new Unfit(expected);
  });
}

/** A path prefix, without trailing slash. */
export function routePath() {
  const expected = 'a path that begins with /, such as /api';
  return leaf(text(expected, /^\//), (written) => {
    const unclear = /[?#\s*\\\0]|\/\/|%/.test(written) || /\/\.\.?(\/|$)/.test(written);
    return unclear
      ? new Unfit('a plain path, such as /api: no query, pattern, space, %, // or ..')
      : written.replace(/(.)\/$/, '$1');
  });
}

/** Where a health check asks: a path, with a query if wanted. */
export function healthPath() {
  return text('a path that begins with /, such as /health', /^\/[\x21-\x7e]*$/);
}
