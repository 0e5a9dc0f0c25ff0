import { elapsedMs, type Moment } from './moment.ts';
import type { RegistryState } from './registry-state.ts';

/** A share whose lease has ended. */
export interface Lapsed {
  readonly app: string;
  readonly canary: string;
  /** When it ended: Unix time in ms, by the clock as it was when the lease began. */
  readonly at: number;
}

/** Watches the leases of shares, in every process that serves visitors: the one that leads may be gone as well. */
export class DeadMansSwitch {
  readonly #now: () => Moment;
  readonly #onLapsed: (lapsed: Lapsed) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(now: () => Moment, onLapsed: (lapsed: Lapsed) => void) {
    this.#now = now;
    this.#onLapsed = onLapsed;
  }

  /** From now on it watches the leases of this state. */
  watch(state: RegistryState): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = this.#now();
    const leased = leasesOf(state, now);
    if (leased.length === 0) return;
    const lapsed = leased.filter(({ leftMs }) => leftMs <= 0);
    if (lapsed.length > 0) {
      // Not within the change that is being applied, and before any visitor is served by it.
      queueMicrotask(() => {
        for (const { app, canary, at } of lapsed) this.#onLapsed({ app, canary, at });
      });
      return;
    }
    this.#timer = setTimeout(() => this.watch(state), Math.min(...leased.map(({ leftMs }) => leftMs)));
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** What was renewed in an earlier run of the machine, as if in this one: the clock may be set at any time. */
export function renewedInThisRun(state: RegistryState, now: Moment): RegistryState {
  const pools = Object.entries(state.pools).map(([app, pool]) => {
    const { renewed } = pool;
    if (!renewed || renewed.boot === now.boot) return [app, pool] as const;
    const elapsed = elapsedMs(renewed, now);
    return [
      app,
      { ...pool, renewed: { ...renewed, boot: now.boot, uptimeMs: now.uptimeMs - elapsed } },
    ] as const;
  });
  return { ...state, pools: Object.fromEntries(pools) };
}

function leasesOf({ pools }: RegistryState, now: Moment): (Lapsed & { leftMs: number })[] {
  return Object.entries(pools).flatMap(([app, { share, renewed }]) => {
    if (!share.lease) return [];
    const { canary, leaseMs } = share.lease;
    // One that nobody knows the beginning of is over.
    if (!renewed) return [{ app, canary, at: now.at, leftMs: 0 }];
    const leftMs = Math.ceil(leaseMs - elapsedMs(renewed, now));
    return [{ app, canary, at: renewed.at + leaseMs, leftMs }];
  });
}
