import type { Balancer, Registry } from 'fairway/dist/balancer/balancer.js';

/** What the balancer reported over a span of time, change by change. */
export interface Samples {
  /** The fewest instances that were serving and healthy at once. */
  readonly minServing: number;
  /** Registry changes that were looked at. */
  readonly samples: number;
}

/** Looks at every change of the balancer's registry, as the balancer itself reports it. */
export class ServingSampler {
  readonly #app: string;
  readonly #ending = new AbortController();
  readonly #watching: Promise<void>;
  #current: { minServing: number; samples: number } = { minServing: Number.POSITIVE_INFINITY, samples: 0 };

  constructor(balancer: Balancer, app: string) {
    this.#app = app;
    this.#watching = this.#watch(balancer);
  }

  /** Ends the present span and begins another one. */
  take(): Samples {
    const taken = this.#current;
    this.#current = { minServing: Number.POSITIVE_INFINITY, samples: 0 };
    return taken;
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#watching;
  }

  async #watch(balancer: Balancer): Promise<void> {
    try {
      for await (const registry of balancer.watch(this.#ending.signal)) this.#look(registry);
    } catch (error) {
      if (!this.#ending.signal.aborted) throw error;
    }
  }

  #look(registry: Registry): void {
    this.#current.samples += 1;
    this.#current.minServing = Math.min(this.#current.minServing, servingInstances(registry, this.#app));
  }
}

/** Instances with at least one server that takes requests and passes its checks. */
export function servingInstances(registry: Registry, app: string): number {
  const serving = (registry.pools[app]?.servers ?? []).filter(
    (server) => server.state === 'serving' && server.healthy,
  );
  return new Set(serving.map((server) => server.slot.instance)).size;
}
