import type { PoolDefinition } from '../balancer.ts';
import { checkHealth, type HealthResult } from './health-check.ts';
import type { LiveServer } from './live-server.ts';

/** Until a server has been healthy once, it is asked at least this often: someone is waiting for it. */
const FIRST_HEALTHY_INTERVAL_MS = 200;
/** Checks of many servers must not fall on the same moment. */
const JITTER = 0.1;

export type HealthReport = (healthy: boolean, failure: string | undefined) => void;

/** Checks one server for as long as it is known, and reports when its health or the reason of a failure changes. */
export class HealthMonitor {
  readonly #server: LiveServer;
  readonly #health: () => PoolDefinition['health'];
  readonly #report: HealthReport;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #beenHealthy: boolean;
  #checking = 0;
  #passes = 0;
  #failures = 0;
  #lastKind: string | undefined;

  constructor(server: LiveServer, health: () => PoolDefinition['health'], report: HealthReport) {
    this.#server = server;
    this.#health = health;
    this.#report = report;
    this.#beenHealthy = server.record.healthy;
  }

  start(): void {
    void this.check();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Checks now, and goes on from here at the usual pace. */
  async check(): Promise<void> {
    clearTimeout(this.#timer);
    this.#checking += 1;
    const result = await checkHealth(this.#server.record, this.#health());
    this.#checking -= 1;
    if (this.#stopped) return;
    this.#judge(result);
    this.#scheduleNext();
  }

  /** A request just failed in a way that says nothing certain. */
  suspect(): void {
    if (this.#checking === 0 && !this.#stopped) void this.check();
  }

  /** A request just failed to connect: no need to wait for the next checks to find out the same. */
  markDown(reason: string): void {
    if (!this.#server.record.healthy || this.#stopped) return;
    this.#passes = 0;
    this.#lastKind = reason;
    this.#report(false, reason);
    this.suspect();
  }

  #judge(result: HealthResult): void {
    const { healthy, state } = this.#server.record;
    const { rise, fall } = this.#health();
    if (result.passed) {
      this.#failures = 0;
      this.#passes += 1;
      if (healthy || this.#passes < rise) return;
      this.#beenHealthy = true;
      this.#lastKind = undefined;
      this.#report(true, undefined);
      return;
    }
    this.#passes = 0;
    this.#failures += 1;
    // Without traffic there is nothing to lose by believing the first failure, and a stale "healthy" would be admitted.
    const falls = healthy && this.#failures >= (state === 'out' ? 1 : fall);
    if (!falls && (healthy || result.kind === this.#lastKind)) return;
    this.#lastKind = result.kind;
    this.#report(false, result.text);
  }

  #scheduleNext(): void {
    clearTimeout(this.#timer);
    const { intervalMs } = this.#health();
    const paceMs = this.#beenHealthy ? intervalMs : Math.min(intervalMs, FIRST_HEALTHY_INTERVAL_MS);
    const jittered = paceMs * (1 - JITTER + 2 * JITTER * Math.random());
    this.#timer = setTimeout(() => void this.check(), jittered);
  }
}
