/** How one request ended. Times in ms on one monotonic clock (`performance.now()`). */
export interface Ended {
  readonly kind: string;
  readonly startedAt: number;
  readonly durationMs: number;
  /** What the app itself takes for this kind of request. */
  readonly ownTimeMs: number;
  /** Undefined: answered as it should be. */
  readonly failure?: string;
}

/** Beyond the app's own time, a request that took longer than this counts as stalled. */
const STALL_MS = 500;
const KEPT_EXAMPLES = 20;

export interface Totals {
  readonly sent: number;
  readonly failed: number;
  readonly stalled: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly byKind: Readonly<Record<string, number>>;
  /** A few of those that failed or stalled, in words. */
  readonly examples: readonly string[];
}

/** Counts every request that was started; none may be forgotten. */
export class Tally {
  #sent = 0;
  readonly #ended: Ended[] = [];

  started(): void {
    this.#sent += 1;
  }

  ended(request: Ended): void {
    this.#ended.push(request);
  }

  get sent(): number {
    return this.#sent;
  }

  get open(): number {
    return this.#sent - this.#ended.length;
  }

  /** Of the requests that started in the given span, or of all. A request that never ended counts as failed. */
  totals(span: { from: number; to: number } = { from: 0, to: Number.POSITIVE_INFINITY }): Totals {
    const ended = this.#ended.filter(({ startedAt }) => startedAt >= span.from && startedAt < span.to);
    const isWhole = span.from === 0 && span.to === Number.POSITIVE_INFINITY;
    const unanswered = isWhole ? this.open : 0;
    const failed = ended.filter((request) => request.failure !== undefined);
    const stalled = ended.filter((request) => excess(request) > STALL_MS);
    const excesses = ended.map(excess).sort((a, b) => a - b);
    const byKind: Record<string, number> = {};
    for (const { kind } of ended) byKind[kind] = (byKind[kind] ?? 0) + 1;
    return {
      sent: ended.length + unanswered,
      failed: failed.length + unanswered,
      stalled: stalled.length,
      p50Ms: quantile(excesses, 0.5),
      p99Ms: quantile(excesses, 0.99),
      maxMs: quantile(excesses, 1),
      byKind,
      examples: [...failed, ...stalled].slice(0, KEPT_EXAMPLES).map(inWords),
    };
  }
}

function excess(request: Ended): number {
  return Math.max(0, request.durationMs - request.ownTimeMs);
}

function quantile(sorted: readonly number[], part: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return Math.round(value * 10) / 10;
}

function inWords({ kind, startedAt, durationMs, failure }: Ended): string {
  return `${kind} at ${startedAt.toFixed(0)} ms took ${durationMs.toFixed(0)} ms: ${failure ?? 'stalled'}`;
}
