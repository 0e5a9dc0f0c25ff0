import { logChoose, logSumExp } from './log-factorial.ts';

/** Of a batch: how many requests each side had, and how many of them were bad (failed, or slow). */
export interface TwoSides {
  readonly canary: { readonly requests: number; readonly bad: number };
  readonly baseline: { readonly requests: number; readonly bad: number };
}

/**
 * How much likelier this batch is when the canary's odds of a bad request are `oddsRatio` times the baseline's than when
 * both are the same, given how many were bad in all; natural logarithm. Conditioning on the total makes the answer
 * independent of the rate itself, which may change from batch to batch: a trouble that both sides share says nothing.
 *
 * It is Fisher's noncentral hypergeometric distribution over the central one:
 * `pmf(x; θ) / pmf(x; 1)` with `pmf(x; θ) ∝ C(n₁, x) C(n₂, m − x) θˣ`.
 */
export function logLikelihoodRatio({ canary, baseline }: TwoSides, oddsRatio: number): number {
  const bad = canary.bad + baseline.bad;
  if (bad === 0 || canary.requests === 0 || baseline.requests === 0) return 0;
  const lowest = Math.max(0, bad - baseline.requests);
  const highest = Math.min(bad, canary.requests);
  const logOdds = Math.log(oddsRatio);
  const central: number[] = [];
  const tilted: number[] = [];
  for (let x = lowest; x <= highest; x += 1) {
    const weight = logChoose(canary.requests, x) + logChoose(baseline.requests, bad - x);
    central.push(weight);
    tilted.push(weight + x * logOdds);
  }
  return canary.bad * logOdds - logSumExp(tilted) + logSumExp(central);
}
