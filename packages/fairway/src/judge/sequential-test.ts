import { logLikelihoodRatio, type TwoSides } from './hypergeometric.ts';
import { logSumExp } from './log-factorial.ts';

/** The alternatives that are bet on: how many times the baseline's the canary's odds of a bad request are. */
const ODDS_RATIOS: readonly number[] = [1.5, 2, 3, 5, 10, 25];

/**
 * The evidence so far that one side is worse, as a bet against "both are the same" that is placed anew on each batch:
 * ln of the winnings per alternative. A plain value, so that it can be kept over a restart.
 */
export interface SequentialEvidence {
  readonly logWinnings: readonly number[];
}

export const NO_EVIDENCE: SequentialEvidence = { logWinnings: ODDS_RATIOS.map(() => 0) };

/** Takes in one batch. */
export function weigh(evidence: SequentialEvidence, batch: TwoSides): SequentialEvidence {
  return {
    logWinnings: evidence.logWinnings.map(
      (winnings, index) => winnings + logLikelihoodRatio(batch, ODDS_RATIOS[index]!),
    ),
  };
}

/**
 * A p-value that may be looked at after every batch: when both sides are the same, the chance that it *ever* falls to `α` or
 * below is at most `α`. It is 1 / (the mean of the winnings), a test martingale, and the bound is Ville's inequality
 * (J. Ville, 1939; see A. Ramdas et al., "Game-Theoretic Statistics and Safe Anytime-Valid Inference", 2023).
 * It holds the best evidence of all looks only if the caller keeps the smallest; this one is of the present moment.
 */
export function anytimePValue(evidence: SequentialEvidence): number {
  const logMean = logSumExp(evidence.logWinnings) - Math.log(evidence.logWinnings.length);
  return Math.min(1, Math.exp(-logMean));
}
