const firstDelayMs = 100;
const longestDelayMs = 30_000;
/** An instance that ran for so long counts as stable: its next end is treated as a first one. */
const stableAfterMs = 10_000;

/** How many times in a row it ended before it was stable. */
export function failuresInARow(before: number, ranMs: number): number {
  return ranMs >= stableAfterMs ? 1 : before + 1;
}

/** 100 ms after the first failure, twice as long after each further one, at most 30 s. */
export function restartDelayMs(failures: number): number {
  return Math.min(firstDelayMs * 2 ** Math.max(failures - 1, 0), longestDelayMs);
}
