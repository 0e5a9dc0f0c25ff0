import type { Pool, Registry } from '../balancer.ts';
import type { RegistryState } from '../embedded/registry-state.ts';

/** The registry as the port shows it, with the requests that are under way now. */
export function portRegistry(registry: RegistryState, underWay: (id: string) => number): Registry {
  const pools: Record<string, Pool> = {};
  for (const [app, { definition, share, servers }] of Object.entries(registry.pools)) {
    const observed = Object.values(servers).map(
      ({ lastFailure, drainDeadline, health: _health, ...record }) => ({
        ...record,
        inFlight: underWay(record.id),
        ...(lastFailure === undefined ? {} : { lastFailure }),
        ...(drainDeadline === undefined ? {} : { drainDeadline }),
      }),
    );
    pools[app] = { definition, share, servers: observed };
  }
  return { revision: registry.revision, at: Date.now(), pools };
}
