import { compareFailures, type FailureEvidence, NO_FAILURE_EVIDENCE, withFailures } from './failures.ts';
import { countOf } from './histogram.ts';
import { compareLatencies, type LatencyEvidence, NO_LATENCY_EVIDENCE, withLatencies } from './latency.ts';
import { count, milliseconds, percent, probability } from './words.ts';

/** What a team holds a canary to. Rates and parts are fractions: 1 % is 0.01. */
export interface JudgePolicy {
  /** Fewer requests of the canary than this prove nothing. */
  readonly minRequests: number;
  /** Left out: failed requests are not judged. */
  readonly errors?: { readonly worseBy: number };
  /** Left out: request times are not judged. 0.5: half as slow again as the baseline. */
  readonly latency?: { readonly p95WorseBy: number };
}

/** What one side did over a span; the other side's batch is of the same span. */
export interface SideBatch {
  readonly requests: number;
  /** 5xx answers, resets, timeouts and requests that another server had to answer. */
  readonly failed: number;
  /** A sample of the request times, ms. */
  readonly timesMs: readonly number[];
}

/** Everything the judge remembers: a plain value, to be kept in the journal. */
export interface Evidence {
  readonly failures: FailureEvidence;
  readonly latency: LatencyEvidence;
}

export const NOTHING_SEEN: Evidence = { failures: NO_FAILURE_EVIDENCE, latency: NO_LATENCY_EVIDENCE };

export type VerdictOutcome =
  /** Enough was seen, and it is no worse than the policy allows. */
  | 'pass'
  /** It is worse, and that is no chance. */
  | 'fail'
  /** Too little was seen, or it looks worse but may be chance: hold. */
  | 'inconclusive';

export interface Verdict {
  readonly outcome: VerdictOutcome;
  /** For people: the numbers that it stands on, and what is missing. */
  readonly sentence: string;
}

/**
 * The chance of ever condemning a release that is the same as the baseline, over a whole canary however often it is looked
 * at, is at most the sum of these: 1 %.
 */
export const FALSE_ALARMS = { failures: 0.004, ranks: 0.003, tail: 0.003 } as const;

export function see(evidence: Evidence, batch: { canary: SideBatch; baseline: SideBatch }): Evidence {
  const { canary, baseline } = batch;
  const side = ({ requests, failed }: SideBatch) => ({ requests, bad: failed });
  return {
    failures: withFailures(evidence.failures, { canary: side(canary), baseline: side(baseline) }),
    latency: withLatencies(evidence.latency, canary.timesMs, baseline.timesMs),
  };
}

export function judge(evidence: Evidence, policy: JudgePolicy): Verdict {
  const { requests } = evidence.failures.canary;
  if (requests < policy.minRequests) {
    const sentence = `too little to judge by: the canary had ${count(requests)} of at least ${count(policy.minRequests)} requests`;
    return { outcome: 'inconclusive', sentence };
  }
  if (evidence.failures.compared === 0)
    return { outcome: 'inconclusive', sentence: 'nothing to compare with: the baseline had no requests' };
  const parts = [
    ...(policy.errors ? [judgeFailures(evidence.failures, policy.errors.worseBy)] : []),
    ...(policy.latency ? [judgeLatency(evidence.latency, policy.latency.p95WorseBy)] : []),
  ];
  const outcome = (['fail', 'inconclusive'] as const).find((bad) =>
    parts.some((part) => part.outcome === bad),
  );
  const telling = outcome === undefined ? parts : parts.filter((part) => part.outcome === outcome);
  return { outcome: outcome ?? 'pass', sentence: telling.map((part) => part.sentence).join('; ') };
}

function judgeFailures(evidence: FailureEvidence, worseBy: number): Verdict {
  const { canaryRate, baselineRate, excess, pValue } = compareFailures(evidence);
  const { canary, baseline } = evidence;
  const sentence =
    `canary ${percent(canaryRate)} failed of ${count(canary.requests)}, ` +
    `stable ${percent(baselineRate)} of ${count(baseline.requests)}; ${probability(pValue)}`;
  if (excess <= worseBy) return { outcome: 'pass', sentence };
  if (pValue <= FALSE_ALARMS.failures) return { outcome: 'fail', sentence };
  return { outcome: 'inconclusive', sentence: `${sentence}: worse, but that may be chance` };
}

function judgeLatency(evidence: LatencyEvidence, worseBy: number): Verdict {
  const { canaryP95Ms, baselineP95Ms, ranksPValue, tailPValue } = compareLatencies(evidence);
  if (canaryP95Ms === undefined || baselineP95Ms === undefined)
    return { outcome: 'inconclusive', sentence: 'too few request times were sampled to compare them' };
  const pValue = Math.min(1, Math.min(ranksPValue, tailPValue));
  const sentence =
    `canary p95 ${milliseconds(canaryP95Ms)} of ${count(countOf(evidence.canary))}, ` +
    `stable ${milliseconds(baselineP95Ms)} of ${count(countOf(evidence.baseline))}; ${probability(pValue)}`;
  if (canaryP95Ms <= baselineP95Ms * (1 + worseBy)) return { outcome: 'pass', sentence };
  if (ranksPValue <= FALSE_ALARMS.ranks || tailPValue <= FALSE_ALARMS.tail)
    return { outcome: 'fail', sentence };
  return { outcome: 'inconclusive', sentence: `${sentence}: slower, but that may be chance` };
}
