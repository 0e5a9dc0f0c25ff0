/** Widths of the buckets grow by 5 %, so that a quantile is right to 2.5 %. */
const GROWTH = Math.log(1.05);

/** Request times counted by bucket: a plain value that can be kept over a restart. */
export type Histogram = Readonly<Record<number, number>>;

export function withTimes(histogram: Histogram, timesMs: readonly number[]): Histogram {
  const counts: Record<number, number> = { ...histogram };
  for (const time of timesMs) {
    const bucket = Math.round(Math.log(Math.max(time, 0.01)) / GROWTH);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}

export function countOf(histogram: Histogram): number {
  return Object.values(histogram).reduce((sum, count) => sum + count, 0);
}

/** The time in ms below which `part` (0 to 1) of the counted times lie; undefined when none was counted. */
export function quantileOf(histogram: Histogram, part: number): number | undefined {
  const buckets = Object.entries(histogram)
    .map(([bucket, count]) => ({ bucket: Number(bucket), count }))
    .sort((a, b) => a.bucket - b.bucket);
  const wanted = part * countOf(histogram);
  let seen = 0;
  for (const { bucket, count } of buckets) {
    seen += count;
    if (seen >= wanted) return Math.exp(bucket * GROWTH);
  }
  return undefined;
}
