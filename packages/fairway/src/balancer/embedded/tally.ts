import type { GenerationId, SlotId } from '../../rollout/slot.ts';
import { LATENCY_BOUNDS_MS, type ServerCounters, type Side } from '../balancer.ts';

/** Counts what one server did. Cheap enough for every request: no allocation, one short scan. */
export class ServerTally {
  requests = 0;
  failures = 0;
  retried = 0;
  readonly #answers: [number, number, number, number, number] = [0, 0, 0, 0, 0];
  /** Per bucket, not cumulative; the last one is +Inf. */
  readonly #buckets = new Float64Array(LATENCY_BOUNDS_MS.length + 1);
  #latencySumMs = 0;

  /** An answer, with the time from the request to the answer's head. */
  answered(status: number, latencyMs: number): void {
    const statusClass = Math.floor(status / 100) - 1;
    if (statusClass >= 0 && statusClass < 5) this.#answers[statusClass]! += 1;
    let bucket = 0;
    while (bucket < LATENCY_BOUNDS_MS.length && latencyMs > LATENCY_BOUNDS_MS[bucket]!) bucket++;
    this.#buckets[bucket]! += 1;
    this.#latencySumMs += latencyMs;
  }

  read(server: { id: SlotId; generation: GenerationId; side: Side }): ServerCounters {
    let total = 0;
    return {
      id: server.id,
      generation: server.generation,
      side: server.side,
      requests: this.requests,
      answers: [...this.#answers],
      failures: this.failures,
      retried: this.retried,
      latencyBuckets: Array.from(this.#buckets, (count) => (total += count)),
      latencySumMs: this.#latencySumMs,
    };
  }
}

/** Adds what a predecessor process counted for the same server. */
export function addCounters(own: ServerCounters, inherited: ServerCounters | undefined): ServerCounters {
  if (!inherited) return own;
  const [a, b, c, d, e] = own.answers.map((count, index) => count + inherited.answers[index]!);
  return {
    ...own,
    requests: own.requests + inherited.requests,
    answers: [a!, b!, c!, d!, e!],
    failures: own.failures + inherited.failures,
    retried: own.retried + inherited.retried,
    latencyBuckets: own.latencyBuckets.map((count, index) => count + (inherited.latencyBuckets[index] ?? 0)),
    latencySumMs: own.latencySumMs + inherited.latencySumMs,
  };
}
