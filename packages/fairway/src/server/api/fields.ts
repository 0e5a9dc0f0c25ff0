import { z } from '@hono/zod-openapi';

// The message of every rule is what was expected, as a noun phrase: `validation.ts` puts the field and what was found
// in front of it, so that one wording serves the API, the CLI and the hook.

/** A whole number within bounds, from a query string or from JSON. */
export function wholeNumber(from: number, to: number) {
  const expected = `a whole number from ${from} to ${to}`;
  return z.coerce.number({ error: expected }).int(expected).min(from, expected).max(to, expected);
}

/** Text for people: not empty, bounded. It may hold anything; what shows it makes it printable first. */
export function text(maxCharacters: number) {
  const expected = `text of 1 to ${maxCharacters} characters`;
  return z.string({ error: expected }).trim().min(1, expected).max(maxCharacters, expected);
}

/** `true` or `false` in a query string. */
export const flag = z
  .enum(['true', 'false'], { error: '"true" or "false"' })
  .transform((value) => value === 'true');

const nameExpected = 'a name of letters, digits, ".", "_" and "-", at most 100';
export const name = z
  .string({ error: nameExpected })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, nameExpected);

const commitExpected = 'a commit id: 7 to 40 hexadecimal digits';
export const commit = z.string({ error: commitExpected }).regex(/^[0-9a-f]{7,40}$/, commitExpected);

const fullCommitExpected = 'a full commit id: 40 hexadecimal digits';
export const fullCommit = z.string({ error: fullCommitExpected }).regex(/^[0-9a-f]{40}$/, fullCommitExpected);

const pathExpected = 'an absolute path';
export const absolutePath = z
  .string({ error: pathExpected })
  .max(4096, pathExpected)
  .regex(/^\/[^\0]*$/, pathExpected);

export const reason = text(500).openapi({ description: 'Why: kept in the journal and in the audit.' });

/** Unix time in milliseconds. */
export const time = z.number().openapi({ description: 'Unix time in milliseconds' });
