const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `just now`, `42 s ago`, `3 min ago`, `5 h ago`, `12 days ago`. */
export function ago(thenMs: number, nowMs: number): string {
  const age = nowMs - thenMs;
  if (age < 2 * SECOND) return 'just now';
  return `${span(age)} ago`;
}

/** A length of time in its largest fitting unit: `42 s`, `3 min`, `5 h`, `12 days`. */
export function span(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} days`;
}

/** `0.0s`, `12.3s`, `1m02.3s`: the stopwatch at the start of a progress line. */
export function elapsed(ms: number): string {
  const tenths = Math.max(0, Math.round(ms / 100));
  if (tenths < 600) return `${(tenths / 10).toFixed(1)}s`;
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return `${Math.floor(tenths / 600)}m${rest}s`;
}

/** `2026-11-23 14:05:09` in the zone of the person who looks. */
export function localTime(ms: number): string {
  const date = new Date(ms);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join('-');
  return `${day} ${clock(ms)}`;
}

/** `14:05:09` in the local zone. */
export function clock(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/**
 * A value of the API for `--json`: the same fields, with times as ISO 8601 in UTC. The API's names for times are known
 * by their ends (`at`, `…At`, `since`, `…Deadline`).
 */
export function withIsoTimes(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => withIsoTimes(item));
  if (typeof value === 'number' && /^(at|since)$|(At|Deadline)$/.test(name))
    return new Date(value).toISOString();
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withIsoTimes(inner, key)]));
}
