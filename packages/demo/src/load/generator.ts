import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type RequestKind, send, type Target } from './request.ts';
import { Tally } from './tally.ts';

export interface LoadOptions {
  readonly target: Target;
  readonly kinds: readonly RequestKind[];
  readonly perSecond: number;
  /** The generator stops by itself after so many, whatever happens. */
  readonly atMost: number;
}

const TICK_MS = 5;

/**
 * Open-loop load: requests start when they are due, whether or not earlier ones were answered, as visitors do. A closed
 * loop would slow down with the system and so hide its pauses.
 */
export class LoadGenerator {
  readonly tally = new Tally();
  readonly #options: LoadOptions;
  readonly #keepAlive = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  readonly #fresh = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
  readonly #open = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #beganAt = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  start(): void {
    this.#beganAt = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Resolves when so many requests have been started. */
  async until(sent: number): Promise<void> {
    while (this.tally.sent < Math.min(sent, this.#options.atMost)) await delay(TICK_MS);
  }

  /** No new requests; resolves when every started one has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    this.#keepAlive.destroy();
    this.#fresh.destroy();
  }

  #tick(): void {
    const { perSecond, atMost } = this.#options;
    const due = Math.min(atMost, Math.floor(((performance.now() - this.#beganAt) / 1000) * perSecond));
    while (this.tally.sent < due) this.#send();
  }

  #send(): void {
    const { kinds, target } = this.#options;
    const kind = kinds[this.tally.sent % kinds.length]!;
    this.tally.started();
    const startedAt = performance.now();
    const sending = send(target, kind, kind.keepAlive ? this.#keepAlive : this.#fresh).then((failure) => {
      this.tally.ended({
        kind: kind.name,
        startedAt,
        durationMs: performance.now() - startedAt,
        ownTimeMs: kind.ownTimeMs,
        ...(failure !== undefined && { failure }),
      });
      this.#open.delete(sending);
    });
    this.#open.add(sending);
  }
}
