import type { SlotAddress } from '../../rollout/slot.ts';
import { slotId } from '../../rollout/slot.ts';
import type { AppCounters, Pool, Registry } from '../balancer.ts';
import { HealthMonitor } from './health-monitor.ts';
import { LivePool } from './live-pool.ts';
import type { ElsewhereUnderWay, LiveServer } from './live-server.ts';
import type { RegistryState } from './registry-state.ts';
import { compileRoutes, type RouteTable } from './routes.ts';
import { addCounters } from './tally.ts';

/** What the live side finds out by itself, to be written into the registry. */
export interface Findings {
  health(slot: SlotAddress, healthy: boolean, failure: string | undefined): void;
  /** Nothing is under way on a draining server any more. */
  drained(slot: SlotAddress): void;
}

const NOTHING_ELSEWHERE: ElsewhereUnderWay = {
  inFlight: () => 0,
  counters: () => undefined,
  unserved: () => ({}),
  settled: true,
};

/** The registry in effect: pools, servers, their checks and drains. It follows the state that it is given. */
export class LiveRegistry {
  readonly pools = new Map<string, LivePool>();
  /** The process that served before us and may not have ended everything. */
  elsewhere: ElsewhereUnderWay = NOTHING_ELSEWHERE;
  /** A follower does what it is told, and finds out nothing by itself. */
  #following = false;
  readonly #findings: Findings;
  readonly #monitors = new Map<LiveServer, HealthMonitor>();
  readonly #deadlines = new Map<LiveServer, NodeJS.Timeout>();
  #definitions: string | undefined;
  #routes: RouteTable<LivePool> = compileRoutes<LivePool>([]);

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  get routes(): RouteTable<LivePool> {
    return this.#routes;
  }

  apply(state: RegistryState): void {
    for (const app of this.pools.keys()) if (!state.pools[app]) this.#forget(app);
    for (const [app, record] of Object.entries(state.pools)) {
      const pool = this.pools.get(app) ?? new LivePool(record);
      this.pools.set(app, pool);
      pool.update(
        record,
        (server) => this.#added(pool, server),
        (server) => this.#removed(server),
      );
      for (const server of pool.servers.values()) this.#watchDrain(server);
    }
    this.#compile(state);
  }

  monitor(slot: SlotAddress): HealthMonitor | undefined {
    const server = this.pools.get(slot.app)?.servers.get(slotId(slot));
    return server && this.#monitors.get(server);
  }

  monitorOf(server: LiveServer): HealthMonitor | undefined {
    return this.#monitors.get(server);
  }

  /** Looks again whether draining servers are done: something may have ended elsewhere. */
  reviewDrains(): void {
    for (const pool of this.pools.values())
      for (const server of pool.servers.values()) this.#watchDrain(server);
  }

  /** Ends every WebSocket and its like: nobody knows when they would end by themselves. */
  endTunnels(): void {
    for (const pool of this.pools.values())
      for (const server of pool.servers.values()) server.cancelOpenEnded();
  }

  /** From now on another process checks and decides. */
  follow(): void {
    this.#following = true;
    for (const monitor of this.#monitors.values()) monitor.stop();
    this.#monitors.clear();
    for (const timer of this.#deadlines.values()) clearTimeout(timer);
    this.#deadlines.clear();
  }

  /** Takes the decisions back: the process that wanted to follow us is gone. */
  lead(): void {
    this.#following = false;
    for (const pool of this.pools.values())
      for (const server of pool.servers.values()) this.#monitorHealth(pool, server);
    this.reviewDrains();
  }

  stop(): void {
    this.follow();
    for (const pool of this.pools.values())
      for (const server of pool.servers.values()) server.connections.keep(false);
  }

  observe(state: RegistryState): Registry {
    const pools: Record<string, Pool> = {};
    for (const [app, { definition, share, servers }] of Object.entries(state.pools)) {
      const live = this.pools.get(app);
      const observed = Object.values(servers).map(
        ({ lastFailure, drainDeadline, health: _health, ...record }) => ({
          ...record,
          inFlight: this.inFlight(live?.servers.get(record.id)),
          ...(lastFailure === undefined ? {} : { lastFailure }),
          ...(drainDeadline === undefined ? {} : { drainDeadline }),
        }),
      );
      pools[app] = { definition, share, servers: observed };
    }
    return { revision: state.revision, at: Date.now(), pools };
  }

  /** Requests under way on a server, here and in the processes before this one. */
  inFlight(server: LiveServer | undefined): number {
    return server ? server.inFlight + this.elsewhere.inFlight(server.record) : 0;
  }

  counters(): AppCounters[] {
    return [...this.pools].map(([app, pool]) => ({
      app,
      servers: [...pool.servers.values()].map(({ record, tally }) =>
        addCounters(tally.read(record), this.elsewhere.counters(record)),
      ),
      unserved: addUp(Object.fromEntries(pool.unserved), this.elsewhere.unserved(app)),
    }));
  }

  #added(pool: LivePool, server: LiveServer): void {
    server.onIdle = () => this.#watchDrain(server);
    if (!this.#following) this.#monitorHealth(pool, server);
  }

  #monitorHealth(pool: LivePool, server: LiveServer): void {
    const { slot } = server.record;
    const monitor = new HealthMonitor(
      server,
      () => server.record.health ?? pool.definition.health,
      (healthy, failure) => this.#findings.health(slot, healthy, failure),
    );
    this.#monitors.set(server, monitor);
    monitor.start();
  }

  #removed(server: LiveServer): void {
    this.#monitors.get(server)?.stop();
    this.#monitors.delete(server);
    this.#stopDeadline(server);
    server.onIdle = () => {};
    server.cancelAll();
  }

  #forget(app: string): void {
    for (const server of this.pools.get(app)!.servers.values()) this.#removed(server);
    this.pools.delete(app);
  }

  #watchDrain(server: LiveServer): void {
    const { state, drainDeadline, slot } = server.record;
    if (state === 'out' && server.inFlight > 0) server.cancelAll();
    if (this.#following) return;
    if (state !== 'draining') {
      this.#stopDeadline(server);
      return;
    }
    if (this.inFlight(server) === 0) {
      this.#stopDeadline(server);
      // Not within the change that is being applied.
      queueMicrotask(() => this.#isDrained(server) && this.#findings.drained(slot));
      return;
    }
    this.#stopDeadline(server);
    const timer = setTimeout(
      () => {
        server.cancelAll();
        this.#findings.drained(slot);
      },
      Math.max(0, (drainDeadline ?? 0) - Date.now()),
    );
    this.#deadlines.set(server, timer);
  }

  #isDrained(server: LiveServer): boolean {
    const known = this.pools.get(server.record.slot.app)?.servers.get(server.record.id);
    if (known !== server || server.record.state !== 'draining') return false;
    return this.inFlight(server) === 0 && this.elsewhere.settled;
  }

  #stopDeadline(server: LiveServer): void {
    clearTimeout(this.#deadlines.get(server));
    this.#deadlines.delete(server);
  }

  #compile(state: RegistryState): void {
    const definitions = JSON.stringify(Object.values(state.pools).map(({ definition }) => definition));
    if (definitions === this.#definitions) return;
    this.#definitions = definitions;
    this.#routes = compileRoutes(this.pools.values());
  }
}

function addUp(
  own: Readonly<Record<string, number>>,
  inherited: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum: Record<string, number> = { ...inherited };
  for (const [status, count] of Object.entries(own)) sum[status] = (sum[status] ?? 0) + count;
  return sum;
}
