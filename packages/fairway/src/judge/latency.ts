import { type Histogram, quantileOf, withTimes } from './histogram.ts';
import {
  anytimeRankPValue,
  FEWEST_IN_BATCH,
  NO_RANK_EVIDENCE,
  type RankEvidence,
  weighRanks,
} from './rank-bets.ts';
import { anytimePValue, NO_EVIDENCE, type SequentialEvidence, weigh } from './sequential-test.ts';

/** Of each side at most so many waiting times are kept: more only cost time. */
const MOST_IN_BATCH = 400;
const TAIL = 0.95;
/** Before so many baseline times the tail's beginning is not known well enough to count what lies beyond it. */
const FEWEST_FOR_TAIL = 100;

/** What is known of both sides' request times: a plain value, ms throughout. */
export interface LatencyEvidence {
  readonly ranks: RankEvidence;
  /** Of times beyond the baseline's 95th percentile: a few very slow requests hardly move the ranks. */
  readonly tail: SequentialEvidence;
  readonly waiting: { readonly canary: readonly number[]; readonly baseline: readonly number[] };
  readonly canary: Histogram;
  readonly baseline: Histogram;
}

export const NO_LATENCY_EVIDENCE: LatencyEvidence = {
  ranks: NO_RANK_EVIDENCE,
  tail: NO_EVIDENCE,
  waiting: { canary: [], baseline: [] },
  canary: {},
  baseline: {},
};

/** Takes in times that were sampled from both sides over the same span. */
export function withLatencies(
  evidence: LatencyEvidence,
  canaryMs: readonly number[],
  baselineMs: readonly number[],
): LatencyEvidence {
  const canary = [...evidence.waiting.canary, ...canaryMs].slice(-MOST_IN_BATCH);
  const baseline = [...evidence.waiting.baseline, ...baselineMs].slice(-MOST_IN_BATCH);
  if (canary.length < FEWEST_IN_BATCH || baseline.length < FEWEST_IN_BATCH)
    return { ...evidence, waiting: { canary, baseline } };
  return {
    ranks: weighRanks(evidence.ranks, canary, baseline),
    tail: weighTail(evidence, canary, baseline),
    waiting: { canary: [], baseline: [] },
    canary: withTimes(evidence.canary, canary),
    baseline: withTimes(evidence.baseline, baseline),
  };
}

/** The tail's beginning comes from earlier batches only: a bet is placed before its batch is seen. */
function weighTail(
  evidence: LatencyEvidence,
  canary: readonly number[],
  baseline: readonly number[],
): SequentialEvidence {
  const known = Object.values(evidence.baseline).reduce((sum, count) => sum + count, 0);
  const beginning = known < FEWEST_FOR_TAIL ? undefined : quantileOf(evidence.baseline, TAIL);
  if (beginning === undefined) return evidence.tail;
  const side = (times: readonly number[]) => ({
    requests: times.length,
    bad: times.filter((time) => time > beginning).length,
  });
  return weigh(evidence.tail, { canary: side(canary), baseline: side(baseline) });
}

export interface LatencyComparison {
  /** Undefined until enough times were seen. */
  readonly canaryP95Ms: number | undefined;
  readonly baselineP95Ms: number | undefined;
  /** By the ranks of all times, and by the tail alone: each may be looked at at any time. */
  readonly ranksPValue: number;
  readonly tailPValue: number;
}

export function compareLatencies(evidence: LatencyEvidence): LatencyComparison {
  return {
    canaryP95Ms: quantileOf(evidence.canary, TAIL),
    baselineP95Ms: quantileOf(evidence.baseline, TAIL),
    ranksPValue: anytimeRankPValue(evidence.ranks),
    tailPValue: anytimePValue(evidence.tail),
  };
}
