import { normalUpperTail } from './normal.ts';

/** Mann–Whitney's comparison of two samples. */
export interface RankComparison {
  /** U of the first sample: pairs in which its value is larger, ties counting half. */
  readonly u: number;
  /** The standardised U, without continuity correction; positive when the first sample is larger. */
  readonly z: number;
  /** One-sided p-value that the first sample is larger, normal approximation with tie and continuity correction. */
  readonly pValue: number;
}

/**
 * Whether the values of `first` tend to be larger than those of `second`.
 * Source: H. B. Mann and D. R. Whitney, Ann. Math. Statist. 18 (1947); the variance with ties is SciPy's.
 */
export function mannWhitney(first: readonly number[], second: readonly number[]): RankComparison {
  const [n1, n2] = [first.length, second.length];
  const n = n1 + n2;
  const all = [
    ...first.map((value) => ({ value, isFirst: true })),
    ...second.map((value) => ({ value, isFirst: false })),
  ].sort((a, b) => a.value - b.value);
  let rankSum = 0;
  let tieTerm = 0;
  for (let start = 0; start < n; ) {
    let end = start;
    let firstsAmongTied = 0;
    while (end < n && all[end]!.value === all[start]!.value) {
      if (all[end]!.isFirst) firstsAmongTied += 1;
      end += 1;
    }
    const tied = end - start;
    // Ranks count from 1; tied values share their mean rank.
    rankSum += firstsAmongTied * ((start + 1 + end) / 2);
    tieTerm += tied ** 3 - tied;
    start = end;
  }
  const u = rankSum - (n1 * (n1 + 1)) / 2;
  const variance = ((n1 * n2) / 12) * (n + 1 - tieTerm / (n * (n - 1)));
  if (n1 === 0 || n2 === 0 || !(variance > 0)) return { u, z: 0, pValue: 1 };
  const deviation = Math.sqrt(variance);
  const excess = u - (n1 * n2) / 2;
  return { u, z: excess / deviation, pValue: normalUpperTail((excess - 0.5) / deviation) };
}
