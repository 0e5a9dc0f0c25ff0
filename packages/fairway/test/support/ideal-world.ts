import type { PoolServer } from '../../src/balancer/balancer.ts';
import type { SlotProcess } from '../../src/hosts/hosts.ts';
import { type SlotAddress, type SlotId, slotId } from '../../src/rollout/slot.ts';
import type { World } from '../../src/runner/perform.ts';
import type { Store } from '../../src/store/store.ts';

export interface IdealWorld {
  readonly world: World;
  readonly processes: Map<SlotId, SlotProcess>;
  readonly servers: Map<SlotId, PoolServer>;
  /** Called before each observation; throws when nothing can be seen. */
  beforeLook: () => void | Promise<void>;
}

/** Hosts and a balancer in memory, where each call works at once and everything that runs is healthy. */
export function idealWorld(store: Store, declared = true): IdealWorld {
  const processes: IdealWorld['processes'] = new Map();
  const servers: IdealWorld['servers'] = new Map();
  let isDeclared = declared;
  let share = { basisPoints: 0, offset: 0 };
  const change = (slot: SlotAddress, to: Partial<PoolServer>) => {
    const server = servers.get(slotId(slot));
    if (server) servers.set(slotId(slot), { ...server, ...to });
  };
  const hosts = {
    observe: async () => {
      await ideal.beforeLook();
      return [...processes.values()];
    },
    watch: async function* () {},
    install: async () => {},
    start: async (host: string, slot: SlotAddress, { generation, port }: SlotProcess) => {
      processes.set(slotId(slot), { slot, host, state: 'running', generation, port, restarts: 0 });
    },
    stop: async (_host: string, slot: SlotAddress) => {
      processes.delete(slotId(slot));
    },
    prune: async () => {},
    unreachable: () => new Map(),
  };
  const balancer = {
    observe: async () => ({
      revision: 1,
      at: 0,
      pools: isDeclared ? { web: { servers: [...servers.values()], share } } : {},
    }),
    watch: async function* () {},
    declare: async () => {
      isDeclared = true;
    },
    register: async (server: PoolServer) => {
      const id = slotId(server.slot);
      servers.set(id, { ...server, id, state: 'out', healthy: true, inFlight: 0 });
    },
    admit: async (slot: SlotAddress) => change(slot, { state: 'serving' }),
    drain: async (slot: SlotAddress) => change(slot, { state: 'out' }),
    deregister: async (slot: SlotAddress) => {
      servers.delete(slotId(slot));
    },
    setShare: async (_app: string, wanted: typeof share) => {
      share = wanted;
      return [];
    },
    promote: async (_app: string, generation: string) => {
      share = { ...share, basisPoints: 0 };
      for (const { slot, generation: own } of servers.values())
        change(slot, own === generation ? { side: 'baseline' } : { state: 'out' });
    },
    counters: async () => [],
  };
  const ideal: IdealWorld = {
    world: {
      store,
      hosts,
      balancer,
      secrets: { valuesOf: async () => undefined },
      ports: { from: 20_000, to: 20_100 },
      isPortFree: async () => true,
      appHosts: () => ['local'],
      addressOf: () => '127.0.0.1',
    } as unknown as World,
    processes,
    servers,
    beforeLook: () => {},
  };
  return ideal;
}

/** What of each instance serves: its release. */
export function serving({ servers }: IdealWorld): Record<string, string> {
  const up = [...servers.values()].filter(({ state }) => state === 'serving');
  return Object.fromEntries(up.map(({ slot, generation }) => [slot.instance, generation.split('+')[0]!]));
}
