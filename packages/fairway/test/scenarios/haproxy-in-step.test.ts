import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HaproxyUnreachable } from '../../src/balancer/haproxy/errors.ts';
import { HaproxyBalancer } from '../../src/balancer/haproxy/haproxy-balancer.ts';
import { KeeperLine } from '../../src/balancer/haproxy/keeper-line.ts';
import { Runtime } from '../../src/balancer/haproxy/runtime.ts';
import { FENCE, Fleet, serversIn, serversOf } from '../support/haproxy-world.ts';
import type { Echo } from '../support/http-instance.ts';
import { haproxyInstalled, type LocalHaproxy, startHaproxyHere } from '../support/local-haproxy.ts';
import { poolDefinition } from '../support/pool-definition.ts';
import { waitUntil } from '../support/wait-until.ts';

describe.skipIf(!haproxyInstalled)('Two HAProxies in step', () => {
  let worlds: LocalHaproxy[];
  let balancer: HaproxyBalancer;
  let instances: Fleet;

  beforeEach(async () => {
    worlds = await Promise.all([startHaproxyHere({ name: 'lb1' }), startHaproxyHere({ name: 'lb2' })]);
    balancer = new HaproxyBalancer(worlds.map(({ node }) => node));
    await balancer.declare(poolDefinition('shop'), FENCE);
    instances = new Fleet(balancer, 'shop', '127.0.0.9');
    await instances.admit('1', 'a', 'r1');
  });
  afterEach(async () => {
    await balancer.close();
    await instances.close();
    await Promise.all(worlds.map((world) => world.close()));
  });

  const node = (index: number) => worlds[index]!.node;
  const shareOf = async (index: number) => {
    const runtime = new Runtime(node(index));
    const { texts } = await runtime.run(['show map splits.map'], 5_000);
    runtime.close();
    return Number(/ shop (\d+)/.exec(texts[0]!)?.[1]);
  };
  const back = () =>
    waitUntil('both are reachable', async () => {
      const registry = await balancer.observe();
      return registry.unreachable === undefined && registry;
    });

  it('have the same servers and share, and count together', async () => {
    await balancer.setShare('shop', { basisPoints: 300, offset: 40 }, FENCE);
    const registry = await balancer.observe();
    for (const [index, { url }] of worlds.entries()) {
      expect(await serversOf(node(index), 'shop')).toEqual(serversIn(registry, 'shop'));
      expect(await shareOf(index)).toBe(3_000_040);
      const { body } = await request(url, { headers: { host: 'shop.test' } });
      expect(((await body.json()) as Echo).instance).toBe('1');
    }
    const [counters] = await balancer.counters();
    expect(counters!.servers[0]!.requests).toBe(2);
  });

  it('count a request that is under way on either, and drain until both are done', async () => {
    const release = instances.instances.get('1/a')!.holdRequests();
    const held = worlds.map(({ url }) => request(`${url}/hold`, { headers: { host: 'shop.test' } }));
    await waitUntil('both hold one', async () => (await instances.server('1'))?.inFlight === 2);
    await balancer.drain({ app: 'shop', instance: '1', slot: 'a' }, 60_000, FENCE);
    release();
    for (const answer of await Promise.all(held)) expect(await answer.body.text()).toBe('held');
    await waitUntil('it is out', async () => (await instances.server('1'))?.state === 'out');
  });

  it('go on without one that is gone, name it, and have it in step when it is back', async () => {
    await node(1).kill();
    await instances.admit('2', 'a', 'r2');
    await instances.retire('1', 'a');
    await balancer.declare(poolDefinition('news'), FENCE);
    const during = await balancer.observe();
    expect(during.unreachable).toEqual([
      { name: 'lb2', reason: expect.stringMatching(/ECONNREFUSED|closed/) },
    ]);
    await node(1).start();
    const registry = await back();
    expect(registry.pools).toHaveProperty('news');
    expect(await serversOf(node(1), 'shop')).toEqual(serversIn(registry, 'shop'));
    expect(serversIn(registry, 'shop')).toHaveLength(1);
  });

  it('say which cannot be reached when none can, and go on when one is back', async () => {
    await Promise.all(worlds.map(({ node: one }) => one.kill()));
    const refusal = balancer.declare(poolDefinition('news'), FENCE);
    await expect(refusal).rejects.toBeInstanceOf(HaproxyUnreachable);
    await expect(refusal).rejects.toThrow(/lb1: .*; lb2: /);
    await node(0).start();
    await waitUntil('it is declared', () =>
      balancer.declare(poolDefinition('news'), FENCE).then(
        () => true,
        () => false,
      ),
    );
    expect((await balancer.observe()).pools).toHaveProperty('news');
  });

  it('take a share to 0 at once where they can be reached, and on the other before it counts again', async () => {
    await balancer.setShare('shop', { basisPoints: 5000, offset: 9 }, FENCE);
    node(1).freeze();
    const startedAt = performance.now();
    const unreached = await balancer.setShare('shop', { basisPoints: 0, offset: 9 }, FENCE);
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(unreached.map(({ name }) => name)).toEqual(['lb2']);
    expect(await shareOf(0)).toBe(9);
    expect((await balancer.observe()).unreachable?.map(({ name }) => name)).toEqual(['lb2']);
    // It is known to be away now: whoever raises an alert does not wait for it.
    const again = performance.now();
    await balancer.setShare('shop', { basisPoints: 0, offset: 9 }, FENCE);
    expect(performance.now() - again).toBeLessThan(1000);
    node(1).thaw();
    await back();
    expect(await shareOf(1)).toBe(9);
  });

  it('follow the one that took a share to 0 by itself', async () => {
    await balancer.setShare('shop', { basisPoints: 5000, offset: 9 }, FENCE);
    const runtime = new Runtime(node(1));
    await runtime.run(['set map splits.map shop 9'], 1_000);
    runtime.close();
    await waitUntil(
      'it is known',
      async () => (await balancer.observe()).pools.shop!.share.basisPoints === 0,
    );
    await waitUntil('the other does so too', async () => (await shareOf(0)) === 9);
  });

  it('are made to do what was written, when the controller died before it told them', async () => {
    const keeper = new KeeperLine(node(0));
    const files = await keeper.read();
    const registry = files['registry.json']!;
    await keeper.install(
      { 'registry.json': registry.replace('"state": "serving"', '"state": "out"') },
      registry,
    );
    keeper.close();
    const successor = new HaproxyBalancer([node(0)]);
    await waitUntil('it is out', async () => {
      await successor.observe();
      return (await serversOf(node(0), 'shop'))[0]?.endsWith(' drain');
    });
    await successor.close();
  });

  it('are not changed by a controller whose lease is over', async () => {
    const successor = new HaproxyBalancer(worlds.map((world) => world.node));
    await successor.declare(poolDefinition('shop', { route: { maxBodyBytes: 7 } }), FENCE + 1);
    const late = balancer.deregister({ app: 'shop', instance: '1', slot: 'a' }, FENCE);
    await expect(late).rejects.toThrow(`shop: refused, lease ${FENCE} was superseded by lease ${FENCE + 1}`);
    expect((await successor.observe()).pools.shop!.servers).toHaveLength(1);
    await successor.close();
  });
});
