import { logSumExp } from './log-factorial.ts';
import { mannWhitney } from './mann-whitney.ts';

/** Drifts of the standardised U per batch that are bet on. */
const DRIFTS: readonly number[] = [0.5, 1, 1.5, 2, 3];

/** The evidence so far that the canary is slower, bet by bet, as in `sequential-test.ts`. */
export interface RankEvidence {
  readonly logWinnings: readonly number[];
}

export const NO_RANK_EVIDENCE: RankEvidence = { logWinnings: DRIFTS.map(() => 0) };

/**
 * Takes in the times of one batch. Each alternative wins exp(λz − λ²/2), with z Mann and Whitney's standardised U of this
 * batch alone. When both sides are the same every order of the batch's times is equally likely, so z has mean 0 and
 * variance 1, and is as good as normal for batches of {@link FEWEST_IN_BATCH} and more; the winnings then are a test
 * martingale, whatever the times' distribution is and however it changes from batch to batch.
 */
export function weighRanks(
  evidence: RankEvidence,
  canaryMs: readonly number[],
  baselineMs: readonly number[],
): RankEvidence {
  const { z } = mannWhitney(canaryMs, baselineMs);
  return {
    logWinnings: evidence.logWinnings.map((winnings, index) => {
      const drift = DRIFTS[index]!;
      return winnings + drift * z - (drift * drift) / 2;
    }),
  };
}

/** Fewer times of a side than this are kept for the next batch. */
export const FEWEST_IN_BATCH = 20;

/** As {@link anytimePValue} of `sequential-test.ts`, for ranks. */
export function anytimeRankPValue({ logWinnings }: RankEvidence): number {
  return Math.min(1, Math.exp(Math.log(logWinnings.length) - logSumExp(logWinnings)));
}
