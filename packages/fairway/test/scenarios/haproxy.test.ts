import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HaproxyBalancer } from '../../src/balancer/haproxy/haproxy-balancer.ts';
import { Runtime } from '../../src/balancer/haproxy/runtime.ts';
import { FENCE, Fleet, serversIn, serversOf } from '../support/haproxy-world.ts';
import { type Echo, HttpInstance } from '../support/http-instance.ts';
import { haproxyInstalled, type LocalHaproxy, startHaproxyHere } from '../support/local-haproxy.ts';
import { poolDefinition } from '../support/pool-definition.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { waitUntil } from '../support/wait-until.ts';

describe.skipIf(!haproxyInstalled)('HAProxy under load', () => {
  let world: LocalHaproxy;

  beforeAll(async () => {
    world = await startHaproxyHere();
  });
  afterAll(() => world?.close());

  async function fleet(app: string, ...names: string[]): Promise<Fleet> {
    await world.balancer.declare(poolDefinition(app), FENCE);
    // Not the address that a HAProxy without a memory would fall back to.
    const instances = new Fleet(world.balancer, app, '127.0.0.9');
    await Promise.all(names.map((name) => instances.admit(name, 'a', 'r1')));
    return instances;
  }

  it('loses no request, GET or POST, over 12 replacements and 4 reloads', async () => {
    const instances = await fleet('rolling', '1', '2', '3');
    const load = new SteadyLoad(world.url, 'rolling.test', 50);
    let slot = { old: 'a' as 'a' | 'b', next: 'b' as 'a' | 'b' };
    for (let round = 1; round <= 4; round++) {
      for (const name of ['1', '2', '3']) {
        await instances.admit(name, slot.next, `r${round + 1}`);
        await instances.retire(name, slot.old);
      }
      slot = { old: slot.next, next: slot.old };
      await world.balancer.declare(poolDefinition(`other-${round}`), FENCE);
    }
    const served = load.answered.size;
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.sent).toBeGreaterThan(1000);
    expect(served).toBe(3);
    expect(await serversOf(world.node, 'rolling')).toEqual(
      serversIn(await world.balancer.observe(), 'rolling'),
    );
    await instances.close();
  });

  it('has the same servers after a reload, and what is under way in the worker before it ends in peace', async () => {
    const instances = await fleet('reloaded', '1', '2');
    const release = [...instances.instances.values()].map((instance) => instance.holdRequests());
    const agent = new Agent();
    const held = ['1', '2'].map(() =>
      request(`${world.url}/hold`, { headers: { host: 'reloaded.test' }, dispatcher: agent }),
    );
    await waitUntil('both are under way', async () =>
      (await Promise.all(['1', '2'].map((name) => instances.server(name)))).every(
        (one) => one?.inFlight === 1,
      ),
    );
    await world.balancer.declare(poolDefinition('another'), FENCE);
    expect(await serversOf(world.node, 'reloaded')).toEqual(
      serversIn(await world.balancer.observe(), 'reloaded'),
    );
    expect((await instances.server('1'))?.inFlight).toBe(1);

    // The drain waits for the worker that was replaced too.
    await world.balancer.drain({ app: 'reloaded', instance: '1', slot: 'a' }, 60_000, FENCE);
    expect(await instances.server('1')).toMatchObject({ state: 'draining', inFlight: 1 });
    for (const answer of release) answer();
    for (const answer of await Promise.all(held)) expect(await answer.body.text()).toBe('held');
    await waitUntil('it is out', async () => (await instances.server('1'))?.state === 'out');
    await agent.destroy();
    await instances.close();
  });

  it('closes at its deadline what a replaced worker still has under way', async () => {
    const instances = await fleet('cut', '1');
    instances.instances.get('1/a')!.on('/endless', (_asked, response) => response.write('begun'));
    const { body } = await request(`${world.url}/endless`, { headers: { host: 'cut.test' } });
    await world.balancer.declare(poolDefinition('one-more'), FENCE);
    await world.balancer.drain({ app: 'cut', instance: '1', slot: 'a' }, 100, FENCE);
    await expect(body.text()).rejects.toThrow();
    await waitUntil('it is out', async () => (await instances.server('1'))?.state === 'out');
    await instances.close();
  });

  it('asks the new worker for what comes over connections that were open before a reload', async () => {
    const instances = await fleet('kept', '1');
    const agent = new Agent({ connections: 1 });
    const visit = async () => {
      const { body } = await request(`${world.url}/`, {
        headers: { host: 'kept.test', 'x-forwarded-for': '1.2.3.4' },
        dispatcher: agent,
      });
      return (await body.json()) as Echo;
    };
    expect((await visit()).instance).toBe('1');
    await instances.admit('2', 'a', 'r2');
    await world.balancer.declare(poolDefinition('yet-another'), FENCE);
    await instances.retire('1', 'a');
    const { instance, headers } = await visit();
    expect(instance).toBe('2');
    expect(headers['x-forwarded-for']).toBe('127.0.0.1');
    await agent.destroy();
    await instances.close();
  });

  it('comes back from a SIGKILL with the registry it had, and loses only what was under way', async () => {
    const instances = await fleet('killed', '1', '2', '3');
    await instances.retire('3', 'a');
    await world.balancer.drain({ app: 'killed', instance: '2', slot: 'a' }, 0, FENCE);
    await waitUntil('2 is out', async () => (await instances.server('2'))?.state === 'out');
    await world.balancer.setShare('killed', { basisPoints: 700, offset: 30 }, FENCE);
    const before = await world.balancer.observe();
    const load = new SteadyLoad(world.url, 'killed.test', 20);
    await waitUntil('the load flows', () => load.sent > 500);
    await world.node.kill();
    await waitUntil('it is noticed', () => load.failures.length > 0);
    await world.node.start();
    // Before anybody has told it anything.
    expect(await serversOf(world.node, 'killed')).toEqual(serversIn(before, 'killed'));
    await waitUntil('it serves again', () =>
      request(`${world.url}/`, { headers: { host: 'killed.test' } }).then(
        ({ statusCode, body }) => body.dump().then(() => statusCode === 200),
        () => false,
      ),
    );
    // Those that were refused at that moment may be written down a moment later: so counted from the next one that is sent.
    const { sent } = load;
    await waitUntil('the load flows again', () => load.sent > sent + 100);
    const lost = load.failures.length;
    await waitUntil('the load flows on', () => load.sent > sent + 1000);
    await load.stop();
    expect(load.failures.slice(lost)).toEqual([]);
    const after = await world.balancer.observe();
    expect(after.pools.killed).toEqual(before.pools.killed);
    expect(await serversOf(world.node, 'killed')).toEqual(serversIn(after, 'killed'));
    await instances.close();
  });

  it('is brought back in step when its servers were changed behind our back, by a new controller too', async () => {
    const instances = await fleet('meddled', '1');
    const meddle = async (command: string) => {
      const runtime = new Runtime(world.node);
      await runtime.run([command], 1_000);
      runtime.close();
    };
    const wanted = serversIn(await world.balancer.observe(), 'meddled');
    await meddle('set server meddled/s1 state drain');
    await waitUntil('it serves again', async () => {
      await world.balancer.observe();
      return String(await serversOf(world.node, 'meddled')) === String(wanted);
    });
    await meddle('set server meddled/s1 state drain');
    const successor = new HaproxyBalancer([world.node]);
    await waitUntil('it serves again', async () => {
      await successor.observe();
      return String(await serversOf(world.node, 'meddled')) === String(wanted);
    });
    await successor.close();
    await instances.close();
  });

  it('never raises a share that was taken to 0 on its own machine', async () => {
    const instances = await fleet('tripped', '1');
    await world.balancer.setShare('tripped', { basisPoints: 2000, offset: 5 }, FENCE);
    const runtime = new Runtime(world.node);
    await runtime.run(['set map splits.map tripped 5'], 1_000);
    const shareOf = async () => (await world.balancer.observe()).pools.tripped!.share;
    await waitUntil('it is seen', async () => (await shareOf()).basisPoints === 0);
    const file = join(world.node.folder, 'state/splits.map');
    await waitUntil('it is written', async () => /^tripped 5$/m.test(await readFile(file, 'utf8')));
    const { texts } = await runtime.run(['show map splits.map'], 1_000);
    expect(texts[0]).toMatch(/ tripped 5\n/);
    runtime.close();
    await instances.close();
  });

  it('loses no GET when the canary is killed, and keeps its users on the baseline', async () => {
    const instances = await fleet('crash', '1', '2');
    const canary = await instances.admit('canary', 'a', 'r2', 'canary');
    await world.balancer.setShare('crash', { basisPoints: 5000, offset: 0 }, FENCE);
    const load = new SteadyLoad(world.url, 'crash.test', 20);
    await waitUntil('the canary answers', () => (load.answered.get('canary') ?? 0) > 100);
    await canary.close();
    const { sent } = load;
    await waitUntil('the load flows on', () => load.sent > sent + 1000);
    await load.stop();
    // An answer that had begun when it died breaks off, and cannot be asked for again; what had not begun is.
    const lost = load.failures.filter((failure) => !failure.endsWith('other side closed'));
    expect(lost.filter((failure) => failure.startsWith('GET'))).toEqual([]);
    // Those, and POSTs that were under way when it died; none after.
    expect(load.failures.length).toBeLessThanOrEqual(20);
    await instances.close();
  });

  it('takes a share to 0 in milliseconds under load, and nothing that is asked afterwards reaches the canary', async () => {
    const instances = await fleet('abort', '1', '2');
    const canary = await instances.admit('canary', 'a', 'r2', 'canary');
    const load = new SteadyLoad(world.url, 'abort.test', 20);
    const times: number[] = [];
    for (let turn = 0; turn < 20; turn++) {
      await world.balancer.setShare('abort', { basisPoints: 5000, offset: turn }, FENCE);
      const before = canary.requests.length;
      await waitUntil('the canary is asked', () => canary.requests.length > before + 5);
      const startedAt = performance.now();
      await world.balancer.setShare('abort', { basisPoints: 0, offset: turn }, FENCE);
      times.push(performance.now() - startedAt);
      for (let visit = 0; visit < 20; visit++) {
        const { body } = await request(`${world.url}/`, {
          headers: { host: 'abort.test', cookie: `fairway-bucket-abort=${visit * 500}` },
        });
        expect(((await body.json()) as Echo).instance).not.toBe('canary');
      }
    }
    await load.stop();
    expect(load.failures).toEqual([]);
    times.sort((one, other) => one - other);
    console.log(
      `a share taken to 0: median ${times[10]!.toFixed(1)} ms, longest ${times.at(-1)!.toFixed(1)} ms`,
    );
    expect(times[10]).toBeLessThan(100);
    await instances.close();
  });

  it('sends a health check with what its headers say, to the letter', async () => {
    const hostile = String.raw`x" hdr a b" $HOME ${'${PATH}'} %[env(HOME)] \ 'q' #`;
    const seen: unknown[] = [];
    const { balancer } = world;
    const health = { path: '/own?a=$b&c=%20', headers: { 'x-test': hostile } };
    await balancer.declare(poolDefinition('hostile', { health }), FENCE);
    const instance = await HttpInstance.start('1', 0, '127.0.0.9');
    instance.on('/own', (asked, response) => {
      seen.push([asked.url, asked.headers['x-test']]);
      response.end();
    });
    const slot = { app: 'hostile', instance: '1', slot: 'a' } as const;
    const { port } = instance;
    await balancer.register({ slot, host: '127.0.0.9', port, side: 'baseline', generation: 'r+c' }, FENCE);
    await waitUntil('it is checked', () => seen.length > 0);
    expect(seen[0]).toEqual([health.path, hostile]);
    await instance.close();
  });

  it.each([100, 500, 2500, 5000])(
    'gives the canary exactly its share of new users: %d of 10,000',
    async (basisPoints) => {
      const app = `share-${basisPoints}`;
      const instances = await fleet(app, 'base');
      await instances.admit('canary', 'a', 'r2', 'canary');
      await world.balancer.setShare(app, { basisPoints, offset: 1234 }, FENCE);
      const agent = new Agent({ connections: 50 });
      const sides: boolean[] = [];
      let left = 10_000;
      const visitor = async () => {
        while (left-- > 0) {
          const { body } = await request(world.url, { headers: { host: `${app}.test` }, dispatcher: agent });
          sides.push(((await body.json()) as Echo).instance === 'canary');
        }
      };
      await Promise.all(Array.from({ length: 50 }, visitor));
      expect(Math.abs(sides.filter(Boolean).length - basisPoints)).toBeLessThanOrEqual(2);
      await agent.destroy();
      await instances.close();
    },
  );
});
