import type { Measured } from './measure.ts';

/** Everything that was measured of one contender with one boot time. */
export interface Row {
  readonly contender: string;
  readonly bootMs: number;
  readonly runs: readonly Measured[];
}

/** The rows as a table for people: medians of the times, sums of what was lost. */
export function table(rows: readonly Row[]): readonly string[] {
  const head = [
    'boot',
    'contender',
    'update',
    'rollout alone',
    'slowest boot',
    'sent',
    'failed',
    'stalled',
    'p99',
  ];
  const lines = rows.map(({ contender, bootMs, runs }) => [
    `${bootMs / 1000} s`,
    contender,
    seconds(median(runs.map((run) => run.seconds))),
    optionalSeconds(runs.map((run) => run.note?.rolloutSeconds)),
    optionalSeconds(runs.map((run) => run.note?.slowestBootSeconds)),
    String(sum(runs.map((run) => run.sent))),
    String(sum(runs.map((run) => run.failed))),
    String(sum(runs.map((run) => run.stalled))),
    `${Math.round(median(runs.map((run) => run.p99Ms)))} ms`,
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]!.length)),
  );
  return [head, ...lines].map((line) =>
    line
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  '),
  );
}

/** What the figures break of the goals; empty when all are met. */
export function missedGoals(rows: readonly Row[]): readonly string[] {
  return rows
    .filter(({ contender }) => contender.startsWith('fairway'))
    .flatMap(({ contender, bootMs, runs }) => {
      const name = `${contender}, boot ${bootMs / 1000} s`;
      const lost = sum(runs.map((run) => run.failed + run.stalled));
      const boot = median(runs.map((run) => run.note!.slowestBootSeconds));
      const rollout = median(runs.map((run) => run.note!.rolloutSeconds));
      const limit = contender.includes('surge') ? boot + 2 : 5 * (boot + 0.4);
      return [
        lost > 0 && `${name}: ${lost} requests failed or stalled`,
        rollout > limit &&
          `${name}: the rollout took ${rollout.toFixed(1)} s, the goal is ${limit.toFixed(1)} s`,
      ].filter((miss) => miss !== false);
    });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

function optionalSeconds(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? '' : seconds(median(known));
}
