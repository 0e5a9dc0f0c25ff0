import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { histories } from './testing/histories.ts';
import type { History } from './testing/history.ts';
import { knownHistories } from './testing/known-histories.ts';
import { live } from './testing/life.ts';

const RUNS = Number(process.env.FAIRWAY_HISTORIES ?? 10_000);
/** The same histories each time, so that a failure is of the change at hand; FAIRWAY_SEED looks for others. */
const SEED = Number(process.env.FAIRWAY_SEED ?? 20_261_124);

describe('random histories of faults, crashes and operator commands', () => {
  it(`keep every promise in every state, ${RUNS} times`, { timeout: 300_000 }, () => {
    const outcomes: Record<string, number> = {};
    const cpu = process.cpuUsage();
    let lived = 0;
    let decisions = 0;
    fc.assert(
      fc.property(histories, (history) => {
        const life = live(history, isDeepStrictEqual);
        lived += 1;
        decisions += life.decisions;
        outcomes[life.outcome] = (outcomes[life.outcome] ?? 0) + 1;
      }),
      { numRuns: RUNS, seed: SEED, examples: knownHistories.map((history): [History] => [history]) },
    );
    const seconds = process.cpuUsage(cpu).user / 1e6;
    console.log(
      `${lived} histories, ${decisions} decisions, ${seconds.toFixed(1)} s of CPU, ended:`,
      outcomes,
    );
    expect(lived).toBeGreaterThanOrEqual(RUNS);
    for (const outcome of ['succeeded', 'taken-back', 'failed'])
      expect(outcomes[outcome], outcome).toBeGreaterThan(RUNS / 100);
  });
});
