import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { poolDefinition } from '../../../test/support/pool-definition.ts';
import { LiveRegistry } from './live-registry.ts';
import type { RegistryState, ServerRecord } from './registry-state.ts';

const slot = { app: 'shop', instance: '1', slot: 'a' } as const;
const address = { host: '127.0.0.1', port: 1, generation: 'r+c', side: 'baseline' } as const;
const server: ServerRecord = { slot, id: 'shop/1/a', ...address, state: 'serving', healthy: true };
const definition = poolDefinition('shop', { health: { intervalMs: 60_000 } });

const stateWith = (changes: Partial<ServerRecord>): RegistryState => ({
  revision: 1,
  fences: {},
  pools: {
    shop: {
      definition,
      share: { basisPoints: 0, offset: 0 },
      servers: { [server.id]: { ...server, ...changes } },
    },
  },
});
const draining = () => stateWith({ state: 'draining', drainDeadline: Date.now() + 60_000 });

let live: LiveRegistry;
let drained: number;

beforeEach(() => {
  drained = 0;
  live = new LiveRegistry({
    health: () => {},
    drained: () => {
      drained += 1;
    },
  });
});

afterEach(() => live.stop());

it('finds a draining server drained once nothing is under way here', async () => {
  live.apply(stateWith({}));
  const request = { openEnded: false, cancel: () => {} };
  const one = live.pools.get('shop')!.servers.get(server.id)!;
  one.begin(request);
  live.apply(draining());
  await nextTurn();
  expect(drained).toBe(0);
  one.end(request);
  await nextTurn();
  expect(drained).toBe(1);
});

it('waits until the process before has nothing under way, and is known to begin nothing new', async () => {
  const elsewhere = { inFlight: () => 1, settled: false, counters: () => undefined, unserved: () => ({}) };
  live.elsewhere = elsewhere;
  live.apply(draining());
  await nextTurn();
  expect(drained).toBe(0);
  elsewhere.inFlight = () => 0;
  live.reviewDrains();
  await nextTurn();
  expect(drained).toBe(0);
  elsewhere.settled = true;
  live.reviewDrains();
  await nextTurn();
  expect(drained).toBe(1);
});

it('decides nothing while it follows another process', async () => {
  live.follow();
  live.apply(draining());
  await nextTurn();
  expect(drained).toBe(0);
  live.lead();
  await nextTurn();
  expect(drained).toBe(1);
});
