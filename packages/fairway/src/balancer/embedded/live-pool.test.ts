import { expect, it } from 'vitest';
import { poolDefinition } from '../../../test/support/pool-definition.ts';
import { LivePool } from './live-pool.ts';
import type { LiveServer } from './live-server.ts';
import type { ServerRecord } from './registry-state.ts';

type Server = Partial<Pick<ServerRecord, 'state' | 'healthy' | 'side'>>;

function pool(
  servers: Record<string, Server>,
  basisPoints = 0,
  algorithm: 'round-robin' | 'least-connections' = 'least-connections',
) {
  const definition = { ...poolDefinition('shop'), algorithm };
  const records = Object.entries(servers).map(([instance, changes], index): ServerRecord => {
    const slot = { app: 'shop', instance, slot: 'a' } as const;
    const address = { host: '127.0.0.1', port: 1000 + index, generation: 'r+c' } as const;
    return {
      slot,
      id: `shop/${instance}/a`,
      ...address,
      side: 'baseline',
      state: 'serving',
      healthy: true,
      ...changes,
    };
  });
  const record = {
    definition,
    servers: Object.fromEntries(records.map((one) => [one.id, one])),
    share: { basisPoints, offset: 0 },
  };
  const live = new LivePool(record);
  live.update(
    record,
    () => {},
    () => {},
  );
  return live;
}

const name = (server: LiveServer | undefined) => server?.record.slot.instance;

function names(live: LivePool, wantsCanary: boolean, tries: number): string {
  return Array.from({ length: tries }, () => name(live.pick(wantsCanary, []))).join('');
}

it('picks ties in turn, under either algorithm', () => {
  for (const algorithm of ['round-robin', 'least-connections'] as const) {
    expect(names(pool({ a: {}, b: {}, c: {} }, 0, algorithm), false, 7)).toBe('abcabca');
  }
});

it('picks the server with the fewest requests under way', () => {
  const live = pool({ a: {}, b: {}, c: {} });
  for (const [id, count] of [
    ['a', 2],
    ['b', 1],
    ['c', 3],
  ] as const) {
    for (let request = 0; request < count; request++)
      live.servers.get(`shop/${id}/a`)!.begin({ openEnded: false, cancel: () => {} });
  }
  expect(names(live, false, 3)).toBe('bbb');
});

it('picks none that drains, is out, or was tried, and no unhealthy one beside a healthy one', () => {
  const live = pool({ a: { state: 'draining' }, b: { state: 'out' }, c: { healthy: false }, d: {} });
  expect(names(live, false, 3)).toBe('ddd');
  const tried = [live.servers.get('shop/d/a')!];
  // Failing its checks, but better than an error that is certain.
  expect(name(live.pick(false, tried))).toBe('c');
  expect(live.pick(false, [...tried, live.servers.get('shop/c/a')!])).toBeUndefined();
});

it('never picks a canary while the share is 0, not even with nothing else left', () => {
  expect(pool({ canary: { side: 'canary' } }).pick(true, [])).toBeUndefined();
});

it('picks the canary for its users, the baseline where the canary is unhealthy, and the canary before none', () => {
  expect(name(pool({ a: {}, c: { side: 'canary' } }, 500).pick(true, []))).toBe('c');
  expect(name(pool({ a: {}, c: { side: 'canary' } }, 500).pick(false, []))).toBe('a');
  expect(name(pool({ a: {}, c: { side: 'canary', healthy: false } }, 500).pick(true, []))).toBe('a');
  expect(name(pool({ a: { state: 'out' }, c: { side: 'canary' } }, 500).pick(false, []))).toBe('c');
});
