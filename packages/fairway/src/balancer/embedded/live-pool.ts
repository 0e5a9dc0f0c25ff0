import type { PoolDefinition } from '../balancer.ts';
import { LiveServer } from './live-server.ts';
import type { PoolRecord, ServerRecord } from './registry-state.ts';
import { NewUsers } from './share.ts';

/** A pool as requests see it: its servers sorted out beforehand, so that picking one costs a walk over a short list. */
export class LivePool {
  definition: PoolDefinition;
  share: PoolRecord['share'];
  readonly servers = new Map<string, LiveServer>();
  readonly newUsers = new NewUsers();
  /** Requests that no server answered, by the status sent. */
  readonly unserved = new Map<number, number>();
  #baseline: Candidates = { healthy: [], serving: [] };
  #canary: Candidates = { healthy: [], serving: [] };
  #turn = 0;

  constructor(record: PoolRecord) {
    this.definition = record.definition;
    this.share = record.share;
  }

  /** Makes a record live. Calls back for each server that is new or gone. */
  update(
    record: PoolRecord,
    added: (server: LiveServer) => void,
    removed: (server: LiveServer) => void,
  ): void {
    const { timeouts } = record.definition;
    const timeoutsChanged = JSON.stringify(timeouts) !== JSON.stringify(this.definition.timeouts);
    this.definition = record.definition;
    this.share = record.share;
    for (const [id, server] of this.servers) {
      const next = record.servers[id];
      if (next && isSame(next, server.record)) continue;
      this.servers.delete(id);
      removed(server);
    }
    for (const next of Object.values(record.servers)) {
      const known = this.servers.get(next.id);
      if (known) {
        known.update(next);
        if (timeoutsChanged) known.connections.setTimeouts(timeouts);
      } else {
        const server = new LiveServer(next, timeouts);
        this.servers.set(next.id, server);
        added(server);
      }
    }
    this.#baseline = candidates(this.servers.values(), 'baseline');
    this.#canary = candidates(this.servers.values(), 'canary');
  }

  /** Whether requests have to be split at all; when not, they cost nothing more. */
  get splits(): boolean {
    return this.share.basisPoints > 0 && this.#canary.serving.length > 0;
  }

  countUnserved(status: number): void {
    this.unserved.set(status, (this.unserved.get(status) ?? 0) + 1);
  }

  /**
   * The server for a request, other than those tried. A canary's user falls back to the baseline; a baseline's user
   * goes to the canary only where no baseline server is left at all. When every server fails its checks, all of them
   * are tried nevertheless: a check may be wrong, and an error is certain otherwise.
   */
  pick(wantsCanary: boolean, tried: readonly LiveServer[]): LiveServer | undefined {
    const { splits } = this;
    return (
      (wantsCanary && splits ? this.#best(this.#canary.healthy, tried) : undefined) ??
      this.#best(this.#baseline.healthy, tried) ??
      (splits ? this.#best(this.#canary.healthy, tried) : undefined) ??
      this.#best(this.#baseline.serving, tried) ??
      (splits ? this.#best(this.#canary.serving, tried) : undefined)
    );
  }

  #best(servers: readonly LiveServer[], tried: readonly LiveServer[]): LiveServer | undefined {
    const count = servers.length;
    if (count === 0) return undefined;
    // Ties go round: the walk begins one further each time, and only a smaller number replaces the first found.
    const start = this.#turn++ % count;
    const leastConnections = this.definition.algorithm === 'least-connections';
    let best: LiveServer | undefined;
    for (let step = 0; step < count; step++) {
      const server = servers[start + step < count ? start + step : start + step - count]!;
      if (tried.length > 0 && tried.includes(server)) continue;
      if (!leastConnections) return server;
      if (best === undefined || server.inFlight < best.inFlight) best = server;
      if (best.inFlight === 0) return best;
    }
    return best;
  }
}

interface Candidates {
  readonly healthy: readonly LiveServer[];
  readonly serving: readonly LiveServer[];
}

function candidates(servers: Iterable<LiveServer>, side: ServerRecord['side']): Candidates {
  const serving = [...servers].filter(({ record }) => record.side === side && record.state === 'serving');
  return { serving, healthy: serving.filter(({ record }) => record.healthy) };
}

function isSame(one: ServerRecord, other: ServerRecord): boolean {
  return one.host === other.host && one.port === other.port && one.generation === other.generation;
}
