import { isDeepStrictEqual } from 'node:util';
import { type GenerationId, type SlotAddress, slotId } from '../../rollout/slot.ts';
import type { NewServer, Pool, PoolDefinition, Share, ShareRenewal } from '../balancer.ts';
import type { Moment } from './moment.ts';
import { Refused } from './refusal.ts';
import type { PoolRecord, RegistryState, ServerRecord } from './registry-state.ts';
import { routeConflict } from './routes.ts';

/** A change of the registry. Returns its argument itself when there is nothing to change; throws Refused. */
export type Change = (state: RegistryState) => RegistryState;

/** Remembers the highest fence of an app, and refuses a lower one. */
export function fence(app: string, given: number): Change {
  return (state) => {
    const known = state.fences[app] ?? 0;
    if (given < known) throw new Refused({ code: 'stale-fence', app, given, known });
    return given === known ? state : { ...state, fences: { ...state.fences, [app]: given } };
  };
}

export function declare(definition: PoolDefinition): Change {
  return (state) => {
    const { app } = definition;
    const known = state.pools[app];
    if (known && isDeepStrictEqual(known.definition, definition)) return state;
    const others = Object.values(state.pools).filter((pool) => pool.definition.app !== app);
    const conflict = routeConflict(
      definition,
      others.map((pool) => pool.definition),
    );
    if (conflict) throw new Refused({ code: 'route-taken', app, ...conflict });
    return withPool(
      state,
      known ? { ...known, definition } : { definition, servers: {}, share: { basisPoints: 0, offset: 0 } },
    );
  };
}

export function forget(app: string): Change {
  return (state) => {
    if (!state.pools[app]) return state;
    const { [app]: _forgotten, ...pools } = state.pools;
    return { ...state, revision: state.revision + 1, pools };
  };
}

export function register(server: NewServer): Change {
  return (state) => {
    const pool = poolOf(state, server.slot.app);
    const id = slotId(server.slot);
    const known = pool.servers[id];
    const same =
      known &&
      known.host === server.host &&
      known.port === server.port &&
      known.generation === server.generation;
    if (same) return state;
    return withServer(state, { ...server, id, state: 'out', healthy: false });
  };
}

export function admit(slot: SlotAddress): Change {
  return (state) => {
    const id = slotId(slot);
    const server = state.pools[slot.app]?.servers[id];
    if (!server) {
      throw new Refused({ code: 'not-healthy', id, lastFailure: 'the balancer does not know it' });
    }
    if (server.state === 'serving') return state;
    if (!server.healthy) throw new Refused({ code: 'not-healthy', id, lastFailure: server.lastFailure });
    return withServer(state, { ...server, state: 'serving', drainDeadline: undefined });
  };
}

/** A repeated drain can only bring the deadline forward: the same call again after a crash must not extend it. */
export function drain(slot: SlotAddress, deadline: number): Change {
  return (state) => {
    const server = state.pools[slot.app]?.servers[slotId(slot)];
    if (!server || server.state === 'out') return state;
    if (server.state === 'draining' && (server.drainDeadline ?? 0) <= deadline) return state;
    return withServer(state, { ...server, state: 'draining', drainDeadline: deadline });
  };
}

/** What follows a drain by itself: nothing is under way any more, or its deadline has passed. */
export function takeOut(slot: SlotAddress): Change {
  return (state) => {
    const server = state.pools[slot.app]?.servers[slotId(slot)];
    if (server?.state !== 'draining') return state;
    return withServer(state, { ...server, state: 'out', drainDeadline: undefined });
  };
}

export function deregister(slot: SlotAddress): Change {
  return (state) => {
    const pool = state.pools[slot.app];
    const id = slotId(slot);
    if (!pool?.servers[id]) return state;
    const { [id]: _gone, ...servers } = pool.servers;
    return withPool(state, { ...pool, servers });
  };
}

/** `now`: where this process ends leases. */
export function setShare(app: string, share: Share, now?: Moment): Change {
  return (state) => {
    const pool = poolOf(state, app);
    const { renewed, ...rest } = pool;
    const granted = nextShare(app, pool.share, share);
    const since = granted.lease && ((share.lease && now) ?? renewed);
    const next: PoolRecord = { ...rest, share: granted, ...(since && { renewed: since }) };
    if (!isDeepStrictEqual(pool.share, next.share)) return withPool(state, next);
    return isDeepStrictEqual(pool, next) ? state : withPoolUnseen(state, next);
  };
}

function nextShare(app: string, before: Pool['share'], { basisPoints, offset, lease }: Share): Pool['share'] {
  const { tripped } = before;
  if (basisPoints === 0) return { basisPoints, offset, ...(tripped && { tripped }) };
  if (tripped && (lease === undefined || lease.canary === tripped.canary))
    throw new Refused({ code: 'share-tripped', app, ...tripped });
  const standing = lease ?? before.lease;
  return { basisPoints, offset, ...(standing && { lease: standing }) };
}

/** Those of the renewals that are for a share which stands, by whoever may. */
export function renewable(state: RegistryState, renewals: readonly ShareRenewal[]): readonly ShareRenewal[] {
  return renewals.filter(
    ({ app, canary, fence: given }) =>
      state.pools[app]?.share.lease?.canary === canary && given >= (state.fences[app] ?? 0),
  );
}

/** Nothing that anybody could see changes. */
export function renew(renewals: readonly ShareRenewal[], now: Moment): Change {
  return (state) =>
    renewable(state, renewals).reduce(
      (next, { app }) => withPoolUnseen(next, { ...poolOf(next, app), renewed: now }),
      state,
    );
}

/** The share is 0, whoever asks for another one, until another canary begins. */
export function trip(app: string, canary: string, at: number): Change {
  return (state) => {
    const pool = state.pools[app];
    if (pool?.share.lease?.canary !== canary) return state;
    const share = { basisPoints: 0, offset: pool.share.offset, tripped: { canary, at } };
    const { renewed: _over, ...rest } = pool;
    return withPool(state, { ...rest, share });
  };
}

/** Servers of the generation become the baseline, what was baseline drains, and nobody is split any more. */
export function promote(app: string, generation: GenerationId, drainDeadline: number): Change {
  return (state) => {
    const pool = poolOf(state, app);
    const known = Object.values(pool.servers);
    if (!known.some((server) => server.side === 'canary' && server.generation === generation)) return state;
    if (pool.share.basisPoints === 0) throw new Refused({ code: 'canary-taken-back', app });
    const servers = Object.entries(pool.servers).map(([id, server]): [string, ServerRecord] => {
      if (server.generation === generation) return [id, { ...server, side: 'baseline' }];
      if (server.state !== 'serving') return [id, server];
      return [id, { ...server, state: 'draining', drainDeadline }];
    });
    const promoted = withPool(state, { ...pool, servers: Object.fromEntries(servers) });
    return setShare(app, { basisPoints: 0, offset: pool.share.offset })(promoted);
  };
}

/** What the health checks found. A healthy server keeps its last failure, for people. */
export function health(slot: SlotAddress, healthy: boolean, lastFailure: string | undefined): Change {
  return (state) => {
    const server = state.pools[slot.app]?.servers[slotId(slot)];
    if (!server) return state;
    const failure = lastFailure ?? server.lastFailure;
    if (server.healthy === healthy && server.lastFailure === failure) return state;
    return withServer(state, { ...server, healthy, lastFailure: failure });
  };
}

function poolOf(state: RegistryState, app: string): PoolRecord {
  const pool = state.pools[app];
  if (!pool) throw new Refused({ code: 'unknown-pool', app });
  return pool;
}

function withServer(state: RegistryState, server: ServerRecord): RegistryState {
  const pool = poolOf(state, server.slot.app);
  return withPool(state, { ...pool, servers: { ...pool.servers, [server.id]: server } });
}

function withPool(state: RegistryState, pool: PoolRecord): RegistryState {
  return { ...withPoolUnseen(state, pool), revision: state.revision + 1 };
}

function withPoolUnseen(state: RegistryState, pool: PoolRecord): RegistryState {
  return { ...state, pools: { ...state.pools, [pool.definition.app]: pool } };
}
