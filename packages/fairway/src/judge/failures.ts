import type { TwoSides } from './hypergeometric.ts';
import { anytimePValue, NO_EVIDENCE, type SequentialEvidence, weigh } from './sequential-test.ts';

/** What is known of both sides' failed requests: a plain value. */
export interface FailureEvidence {
  readonly test: SequentialEvidence;
  readonly canary: { readonly requests: number; readonly bad: number };
  readonly baseline: { readonly requests: number; readonly bad: number };
  /** How many of the canary's requests would have failed at the baseline's rate of the same moments. */
  readonly expected: number;
  /** Requests of the canary in batches that had a baseline to compare with. */
  readonly compared: number;
}

export const NO_FAILURE_EVIDENCE: FailureEvidence = {
  test: NO_EVIDENCE,
  canary: { requests: 0, bad: 0 },
  baseline: { requests: 0, bad: 0 },
  expected: 0,
  compared: 0,
};

/** Takes in both sides' counts over the same span. */
export function withFailures(evidence: FailureEvidence, batch: TwoSides): FailureEvidence {
  const { canary, baseline } = batch;
  const isCompared = baseline.requests > 0;
  return {
    test: weigh(evidence.test, batch),
    canary: added(evidence.canary, canary),
    baseline: added(evidence.baseline, baseline),
    expected: evidence.expected + (isCompared ? (canary.requests * baseline.bad) / baseline.requests : 0),
    compared: evidence.compared + (isCompared ? canary.requests : 0),
  };
}

export interface FailureComparison {
  /** Fractions, 0 to 1. The baseline's is its own over all of its requests. */
  readonly canaryRate: number;
  readonly baselineRate: number;
  /** By how much the canary's rate exceeds the baseline's of the same moments; a fraction. */
  readonly excess: number;
  /** May be looked at at any time. */
  readonly pValue: number;
}

export function compareFailures(evidence: FailureEvidence): FailureComparison {
  const { canary, baseline, expected, compared } = evidence;
  return {
    canaryRate: rate(canary),
    baselineRate: rate(baseline),
    excess: compared === 0 ? 0 : rate(canary) - expected / compared,
    pValue: anytimePValue(evidence.test),
  };
}

function added(a: TwoSides['canary'], b: TwoSides['canary']): TwoSides['canary'] {
  return { requests: a.requests + b.requests, bad: a.bad + b.bad };
}

function rate({ requests, bad }: TwoSides['canary']): number {
  return requests === 0 ? 0 : bad / requests;
}
