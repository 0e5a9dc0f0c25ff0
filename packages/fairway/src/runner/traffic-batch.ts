import { type AppCounters, LATENCY_BOUNDS_MS, type ServerCounters, type Side } from '../balancer/balancer.ts';
import type { SideBatch } from '../judge/judge.ts';

/** Of each side at most so many request times are taken from one look: more would only cost time. */
const MOST_TIMES = 200;

/** What both sides did between two looks at the same balancer. */
export function batchBetween(
  before: AppCounters,
  after: AppCounters,
): { readonly canary: SideBatch; readonly baseline: SideBatch } {
  return { canary: sideBetween('canary', before, after), baseline: sideBetween('baseline', before, after) };
}

function sideBetween(side: Side, before: AppCounters, after: AppCounters): SideBatch {
  const earlier = new Map(before.servers.map((server) => [keyOf(server), server]));
  let requests = 0;
  let failed = 0;
  const times = LATENCY_BOUNDS_MS.map(() => 0).concat(0);
  for (const server of after.servers.filter((one) => one.side === side)) {
    const known = earlier.get(keyOf(server));
    // Totals that fell are those of a server that was registered anew.
    const base = known && known.requests <= server.requests ? known : undefined;
    requests += server.requests - (base?.requests ?? 0);
    failed += failuresOf(server) - (base ? failuresOf(base) : 0);
    for (const [index, count] of perBucket(server, base).entries()) times[index]! += count;
  }
  return { requests, failed: Math.min(failed, requests), timesMs: sampleOf(times) };
}

function keyOf({ id, generation }: ServerCounters): string {
  return `${id} ${generation}`;
}

/** Answers 5xx, and requests without an answer: those that another server then answered as well. */
function failuresOf({ answers, failures }: ServerCounters): number {
  return answers[4] + failures;
}

function perBucket(server: ServerCounters, base: ServerCounters | undefined): number[] {
  const since = server.latencyBuckets.map((count, index) => count - (base?.latencyBuckets[index] ?? 0));
  return since.map((count, index) => Math.max(0, count - (since[index - 1] ?? 0)));
}

/** So many times of each bucket as it has of all, each in the bucket's middle. */
function sampleOf(buckets: readonly number[]): number[] {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  const scale = Math.min(1, MOST_TIMES / Math.max(1, total));
  return buckets.flatMap((count, index) => {
    const taken = Math.round(count * scale);
    return Array.from({ length: taken }, () => middleOf(index));
  });
}

function middleOf(bucket: number): number {
  const from = LATENCY_BOUNDS_MS[bucket - 1] ?? 0.25;
  const to = LATENCY_BOUNDS_MS[bucket] ?? 2 * from;
  return Math.sqrt(from * to);
}
