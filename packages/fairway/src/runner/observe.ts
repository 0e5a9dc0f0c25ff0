import type { Balancer, Pool, PoolServer } from '../balancer/balancer.ts';
import type { Hosts, SlotProcess } from '../hosts/hosts.ts';
import type { SlotObservation } from '../rollout/observation.ts';
import { type SlotId, slotId } from '../rollout/slot.ts';

/** An app as its hosts and its balancer show it at one moment. */
export interface AppObservation {
  readonly slots: readonly SlotObservation[];
  /** Whether the balancer knows the app. */
  readonly declared: boolean;
  readonly processes: readonly SlotProcess[];
  readonly pool?: Pool;
  /** How the balancer splits the app's users. */
  readonly share: Pool['share'];
}

export async function observeApp(hosts: Hosts, balancer: Balancer, app: string): Promise<AppObservation> {
  const [processes, registry] = await Promise.all([hosts.observe(app), balancer.observe()]);
  const pool = registry.pools[app];
  return {
    slots: mergeSlots(processes, pool?.servers ?? [], new Set(hosts.unreachable?.().keys())),
    declared: pool !== undefined,
    processes,
    ...(pool && { pool }),
    share: pool?.share ?? { basisPoints: 0, offset: 0 },
  };
}

/** One view of each slot that the hosts or the balancer know. On hosts of its own an instance has its host's name. */
export function mergeSlots(
  processes: readonly SlotProcess[],
  servers: readonly PoolServer[],
  unreachable: ReadonlySet<string> = new Set(),
): SlotObservation[] {
  const merged = new Map<SlotId, SlotObservation>();
  for (const process of processes) merged.set(slotId(process.slot), fromProcess(process));
  for (const server of servers) {
    const known =
      merged.get(server.id) ??
      (unreachable.has(server.slot.instance) ? unknownProcess(server) : absentProcess(server));
    merged.set(server.id, {
      ...known,
      pool: server.state,
      ...(server.side === 'canary' && { side: server.side }),
      poolGeneration: server.generation,
      healthy: server.healthy,
      inFlight: server.inFlight,
      ...(server.lastFailure !== undefined && { lastFailure: server.lastFailure }),
    });
  }
  return [...merged.values()];
}

function fromProcess(process: SlotProcess): SlotObservation {
  return {
    slot: process.slot,
    host: process.host,
    process: process.state,
    generation: process.generation,
    restarts: process.restarts,
    pool: 'absent',
    healthy: false,
    inFlight: 0,
    ...(process.startedAt !== undefined && { startedAt: process.startedAt }),
    ...(process.lastExit && { lastExit: process.lastExit.reason }),
  };
}

/** What the balancer was told is all that is known of it. */
function unknownProcess(server: PoolServer): SlotObservation {
  return {
    ...absentProcess(server),
    host: server.slot.instance,
    process: 'unknown',
    generation: server.generation,
  };
}

function absentProcess(server: PoolServer): SlotObservation {
  return {
    slot: server.slot,
    host: server.host,
    process: 'absent',
    restarts: 0,
    pool: server.state,
    healthy: server.healthy,
    inFlight: server.inFlight,
  };
}
