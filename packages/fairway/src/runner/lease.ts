import type { Lease, Store } from '../store/store.ts';

export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
  readonly code = 'lease-lost';
  constructor(app: string) {
    super(`${app}: another control server has taken the lease; this one stops steering the app`);
  }
}

const LEASE_MS = 4_000;
const RENEW_MS = 1_000;

/** The right to change an app, kept by renewing it. Lost, `lost` aborts, and the fence is worth nothing. */
export class HeldLease {
  readonly #store: Store;
  readonly #holder: string;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #lease: Lease;

  private constructor(store: Store, holder: string, lease: Lease) {
    this.#store = store;
    this.#holder = holder;
    this.#lease = lease;
    this.#timer = setInterval(() => this.#renew(), RENEW_MS);
    this.#timer.unref();
  }

  /**
   * Waits until a former holder's lease has expired: a dead controller blocks its app for a few seconds at most. Its
   * clock may have been wrong, so a lease that nobody renews for as long as leases last is over as well.
   */
  static async acquire(store: Store, app: string, holder: string, signal: AbortSignal): Promise<HeldLease> {
    let seen: number | undefined;
    let since = performance.now();
    for (;;) {
      signal.throwIfAborted();
      const lapsed = performance.now() - since > LEASE_MS ? seen : undefined;
      const lease = store.acquireLease(app, holder, LEASE_MS, lapsed);
      if (lease) return new HeldLease(store, holder, lease);
      const expiresAt = store.lease(app)?.expiresAt;
      if (expiresAt !== seen) {
        seen = expiresAt;
        since = performance.now();
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  get fence(): number {
    return this.#lease.fence;
  }

  get lost(): AbortSignal {
    return this.#abort.signal;
  }

  release(): void {
    clearInterval(this.#timer);
    if (!this.#abort.signal.aborted) this.#store.releaseLease(this.#lease);
  }

  #renew(): void {
    const renewed = this.#tryToRenew();
    if (renewed === 'not asked') return;
    if (renewed && renewed.fence === this.#lease.fence) {
      this.#lease = renewed;
      return;
    }
    clearInterval(this.#timer);
    this.#abort.abort(new LeaseLost(this.#lease.app));
  }

  /** A store that fails for a while takes the lease from nobody: it may be renewed late, if no one else took it. */
  #tryToRenew(): Lease | undefined | 'not asked' {
    try {
      return this.#store.acquireLease(this.#lease.app, this.#holder, LEASE_MS);
    } catch {
      return 'not asked';
    }
  }
}
