import { isDeepStrictEqual } from 'node:util';
import type { PoolDefinition } from '../balancer.ts';
import type { PoolRecord, RegistryState, ServerRecord } from '../embedded/registry-state.ts';
import type { HaproxyState, Line, Placement } from './state.ts';

/** Lines that an app begins with: room for 6 instances, twice, and a few more. */
const FIRST_SIZE = 16;

/** Gives every server of the registry a line, and takes back the lines of those that are gone or were replaced. */
export function place(
  before: HaproxyState,
  registry: RegistryState,
  addressOf: (host: string) => string,
): HaproxyState {
  const placements: Record<string, Placement> = {};
  for (const [app, pool] of Object.entries(registry.pools)) {
    placements[app] = placePool(
      before.placements[app] ?? { size: FIRST_SIZE, next: 1, lines: {}, checks: {} },
      before.registry.pools[app],
      pool,
      addressOf,
    );
  }
  return isDeepStrictEqual(placements, before.placements)
    ? { registry, placements: before.placements }
    : { registry, placements };
}

function placePool(
  before: Placement,
  known: PoolRecord | undefined,
  pool: PoolRecord,
  addressOf: (host: string) => string,
): Placement {
  const kept = Object.entries(before.lines).filter(([id]) => isSame(known?.servers[id], pool.servers[id]));
  let placement: Placement = { ...before, lines: Object.fromEntries(kept) };
  for (const [id, { number }] of kept) {
    placement = withCheck(placement, pool, number, ownCheck(pool, pool.servers[id]!));
  }
  for (const server of Object.values(pool.servers)) {
    if (!placement.lines[server.id]) placement = placeServer(placement, pool, server, addressOf(server.host));
  }
  return placement;
}

/** Neither replaced nor gone: then it keeps its line. */
function isSame(one: ServerRecord | undefined, other: ServerRecord | undefined): boolean {
  return (
    one !== undefined &&
    other !== undefined &&
    one.host === other.host &&
    one.port === other.port &&
    one.generation === other.generation
  );
}

function placeServer(before: Placement, pool: PoolRecord, server: ServerRecord, address: string): Placement {
  const check = ownCheck(pool, server);
  const free = freeLines(before);
  let placement = before;
  let number = free.find((line) => isDeepStrictEqual(before.checks[line], check));
  if (number === undefined && free.length > 0) {
    // Half of what is free, so that the next servers of the same rollout find a line without another reload.
    for (const line of free.slice(0, Math.ceil(free.length / 2)))
      placement = withCheck(placement, pool, line, check);
    number = free[0]!;
  }
  if (number === undefined) {
    number = before.size + 1;
    placement = withCheck({ ...placement, size: grown(before.size) }, pool, number, check);
  }
  const line: Line = { number, address };
  return {
    ...placement,
    next: (number % placement.size) + 1,
    lines: { ...placement.lines, [server.id]: line },
  };
}

function grown(size: number): number {
  return size * 2;
}

/** In the order in which they are given out. */
function freeLines({ size, next, lines }: Placement): number[] {
  const taken = new Set(Object.values(lines).map(({ number }) => number));
  const all = Array.from({ length: size }, (_, index) => ((next - 1 + index) % size) + 1);
  return all.filter((number) => !taken.has(number));
}

/** The server's check where it is another one than its pool's. */
function ownCheck(
  { definition }: PoolRecord,
  { health }: ServerRecord,
): PoolDefinition['health'] | undefined {
  return health === undefined || isDeepStrictEqual(health, definition.health) ? undefined : health;
}

function withCheck(
  placement: Placement,
  { definition }: PoolRecord,
  number: number,
  check: PoolDefinition['health'] | undefined,
): Placement {
  const { [number]: known, ...others } = placement.checks;
  if (isDeepStrictEqual(known, check)) return placement;
  const own = check === undefined || isDeepStrictEqual(check, definition.health);
  return { ...placement, checks: own ? others : { ...others, [number]: check } };
}
