const DURATION_UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const SIZE_UNITS_BYTES = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const;

/** `500ms`, `2s`, `1.5m`, `1h30m`. */
export const DURATION_PATTERN = /^(\d+(\.\d+)?(ms|s|m|h))+$/;
/** `512b`, `64kb`, `20MB`, `1.5gb`; a kb is 1024 bytes. */
export const SIZE_PATTERN = /^\d+(\.\d+)?([bB]|[kmgKMG][bB])$/;

/** Milliseconds of a text that matches {@link DURATION_PATTERN}, rounded to whole ones. */
export function durationMs(text: string): number {
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * DURATION_UNITS_MS[unit as keyof typeof DURATION_UNITS_MS];
  }
  return Math.round(total);
}

/** Bytes of a text that matches {@link SIZE_PATTERN}, rounded to whole ones. */
export function sizeBytes(text: string): number {
  const [, amount, unit] = /^([\d.]+)(.+)$/.exec(text.toLowerCase())!;
  return Math.round(Number(amount) * SIZE_UNITS_BYTES[unit as keyof typeof SIZE_UNITS_BYTES]);
}

/** The shortest text that {@link durationMs} reads back to the same number: `90000` is `1m30s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  let rest = milliseconds;
  let text = '';
  for (const unit of ['h', 'm', 's', 'ms'] as const) {
    const amount = Math.floor(rest / DURATION_UNITS_MS[unit]);
    rest -= amount * DURATION_UNITS_MS[unit];
    if (amount > 0) text += `${amount}${unit}`;
  }
  return text;
}

/** In the largest unit that divides it: `20mb`, `1536kb`. */
export function formatSize(bytes: number): string {
  for (const unit of ['gb', 'mb', 'kb'] as const) {
    const size = SIZE_UNITS_BYTES[unit];
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return `${bytes}b`;
}
