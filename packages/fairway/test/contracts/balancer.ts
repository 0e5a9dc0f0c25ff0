import { Agent, request } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import {
  type Balancer,
  CanaryTakenBack,
  LATENCY_BOUNDS_MS,
  type NewServer,
  NotHealthy,
  type Pool,
  type PoolServer,
  type Registry,
  RouteTaken,
  UnknownPool,
} from '../../src/balancer/balancer.ts';
import { StaleFence } from '../../src/hosts/hosts.ts';
import type { SlotAddress } from '../../src/rollout/slot.ts';
import { type Echo, HttpInstance } from '../support/http-instance.ts';
import { poolDefinition } from '../support/pool-definition.ts';
import { waitUntil } from '../support/wait-until.ts';

/** One adapter, ready to be tried. */
export interface BalancerUnderTest {
  readonly balancer: Balancer;
  /** Where visitors connect: `http://address:port`. */
  readonly url: string;
  /** Where the balancer finds instances of this machine, and visitors of it come from; left out: `127.0.0.1`. */
  readonly address?: string;
  close(): Promise<void>;
}

/** The suite that every adapter of the port `balancer/balancer.ts` must pass. */
export function balancerContract(adapter: string, open: () => Promise<BalancerUnderTest>): void {
  describe(`Balancer: ${adapter}`, () => {
    let world: BalancerUnderTest;
    let balancer: Balancer;
    let address: string;
    /** Each test has an app of its own, under a host name of its own. */
    let app: string;
    let instances: HttpInstance[];
    let agent: Agent;
    let count = 0;
    const fence = 5;

    beforeAll(async () => {
      world = await open();
      ({ balancer, address = '127.0.0.1' } = world);
    });

    afterAll(() => world.close());

    beforeEach(() => {
      count += 1;
      app = `app${count}`;
      instances = [];
      agent = new Agent();
    });

    afterEach(async () => {
      await agent.destroy();
      await balancer.forget(app, 1_000_000);
      await Promise.all(instances.map((instance) => instance.close()));
    });

    const slot = (instance: string): SlotAddress => ({ app, instance, slot: 'a' });

    async function startInstance(name: string): Promise<HttpInstance> {
      const instance = await HttpInstance.start(name, 0, address);
      instances.push(instance);
      return instance;
    }

    function serverOf(instance: HttpInstance, changes: Partial<NewServer> = {}): NewServer {
      const { name, port } = instance;
      return { slot: slot(name), host: address, port, side: 'baseline', generation: 'r1+c1', ...changes };
    }

    async function pool(): Promise<Pool> {
      return (await balancer.observe()).pools[app]!;
    }

    async function server(name: string): Promise<PoolServer | undefined> {
      return (await pool())?.servers.find(({ slot: { instance } }) => instance === name);
    }

    function whenHealthy(name: string): Promise<unknown> {
      return waitUntil(`${name} is healthy`, async () => (await server(name))?.healthy);
    }

    function whenOut(name: string): Promise<unknown> {
      return waitUntil(`${name} is out`, async () => (await server(name))?.state === 'out');
    }

    /** Declares the app and brings instances of these names into service. */
    async function serve(...names: string[]): Promise<HttpInstance[]> {
      await balancer.declare(poolDefinition(app), fence);
      return Promise.all(names.map((name) => admitInstance(name)));
    }

    async function admitInstance(name: string, changes: Partial<NewServer> = {}): Promise<HttpInstance> {
      const instance = await startInstance(name);
      await balancer.register(serverOf(instance, changes), fence);
      await whenHealthy(name);
      await balancer.admit(slot(name), fence);
      return instance;
    }

    function visit(
      path = '/',
      options: { headers?: Record<string, string>; body?: string; host?: string } = {},
    ) {
      const { headers, body, host = `${app}.test` } = options;
      return request(`${world.url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { host, ...headers },
        body: body ?? null,
        dispatcher: agent,
      });
    }

    /** Who answered. */
    async function answerer(options: Parameters<typeof visit>[1] = {}): Promise<string> {
      const { body } = await visit('/', options);
      return ((await body.json()) as Echo).instance;
    }

    async function answerers(visits: number): Promise<Set<string>> {
      return new Set(await Promise.all(Array.from({ length: visits }, () => answerer())));
    }

    async function status(path = '/', options: Parameters<typeof visit>[1] = {}): Promise<number> {
      const { statusCode, body } = await visit(path, options);
      await body.dump();
      return statusCode;
    }

    describe('declare', () => {
      it('makes the pool known with its definition, without servers and without a share', async () => {
        const definition = poolDefinition(app);
        await balancer.declare(definition, fence);
        expect(await pool()).toEqual({ definition, servers: [], share: { basisPoints: 0, offset: 0 } });
      });

      it('changes nothing when the same pool is declared again', async () => {
        await balancer.declare(poolDefinition(app), fence);
        const before = await pool();
        await balancer.declare(poolDefinition(app), fence);
        expect(await pool()).toEqual(before);
      });

      it('keeps the servers when the definition changes', async () => {
        await serve('1');
        await balancer.declare(poolDefinition(app, { route: { hosts: [`new.${app}.test`] } }), fence);
        expect((await server('1'))?.state).toBe('serving');
        expect(await answerer({ host: `new.${app}.test` })).toBe('1');
        expect(await status()).toBe(404);
      });

      it('refuses a route that another app holds, and changes nothing', async () => {
        await balancer.declare(poolDefinition(app), fence);
        const other = poolDefinition(`other-${app}`, { route: { hosts: [`${app}.test`] } });
        const refusal = balancer.declare(other, fence);
        await expect(refusal).rejects.toBeInstanceOf(RouteTaken);
        await expect(refusal).rejects.toThrow(
          `other-${app}: the route ${app}.test/ belongs to ${app}; give one of them another host or path`,
        );
        expect((await balancer.observe()).pools).not.toHaveProperty(`other-${app}`);
      });
    });

    describe('forget', () => {
      it('removes the pool with its servers: its visitors find nothing', async () => {
        await serve('1');
        await balancer.forget(app, fence);
        expect((await balancer.observe()).pools).not.toHaveProperty(app);
        expect(await status()).toBe(404);
      });

      it('does nothing for an app that it does not know', async () => {
        await balancer.forget(app, fence);
        expect((await balancer.observe()).pools).not.toHaveProperty(app);
      });
    });

    describe('register', () => {
      it('makes a server known, out and checked, without giving it traffic', async () => {
        const instance = await startInstance('1');
        await balancer.declare(poolDefinition(app), fence);
        await balancer.register(serverOf(instance), fence);
        await whenHealthy('1');
        expect(await server('1')).toMatchObject({
          ...serverOf(instance),
          id: `${app}/1/a`,
          state: 'out',
          inFlight: 0,
        });
        expect(await status()).toBe(503);
        expect(instance.requests).toEqual([]);
      });

      it('calls a server healthy only after as many passed checks as `rise` says', async () => {
        const instance = await startInstance('1');
        await balancer.declare(poolDefinition(app, { health: { rise: 3 } }), fence);
        await balancer.register(serverOf(instance), fence);
        await whenHealthy('1');
        expect(instance.checks).toBeGreaterThanOrEqual(3);
      });

      it('checks a server in its own way where it brings one', async () => {
        const instance = await startInstance('1');
        const seen: string[] = [];
        instance.on('/own-health', (asked, response) => {
          seen.push(String(asked.headers.host));
          response.writeHead(204).end();
        });
        instance.healthy = false;
        const { health } = poolDefinition(app, {
          health: { path: '/own-health', headers: { host: 'checked.test' } },
        });
        await balancer.declare(poolDefinition(app), fence);
        await balancer.register(serverOf(instance, { health }), fence);
        await whenHealthy('1');
        expect(seen[0]).toBe('checked.test');
      });

      it('changes nothing for the same address and generation', async () => {
        const [instance] = await serve('1');
        const before = await server('1');
        await balancer.register(serverOf(instance!), fence);
        expect(await server('1')).toEqual(before);
        expect(await answerer()).toBe('1');
      });

      it('replaces a server by one of another generation, which is out and has to pass its checks itself', async () => {
        const [instance] = await serve('1');
        await balancer.drain(slot('1'), 1000, fence);
        await whenOut('1');
        instance!.healthy = false;
        await balancer.register(serverOf(instance!, { generation: 'r2+c1' }), fence);
        expect(await server('1')).toMatchObject({ generation: 'r2+c1', state: 'out', healthy: false });
        expect((await pool()).servers).toHaveLength(1);
      });

      it('refuses a server of an app that was not declared', async () => {
        const instance = await startInstance('1');
        await expect(balancer.register(serverOf(instance), fence)).rejects.toBeInstanceOf(UnknownPool);
      });
    });

    describe('admit', () => {
      it('gives a healthy server traffic, and again changes nothing', async () => {
        await serve('1');
        expect(await answerer()).toBe('1');
        await balancer.admit(slot('1'), fence);
        expect(await server('1')).toMatchObject({ state: 'serving', healthy: true });
      });

      it('refuses an unhealthy server with what its check said, and leaves it out', async () => {
        const instance = await startInstance('1');
        instance.healthy = false;
        await balancer.declare(poolDefinition(app), fence);
        await balancer.register(serverOf(instance), fence);
        await waitUntil('a check has failed', async () => (await server('1'))?.lastFailure);
        const refusal = balancer.admit(slot('1'), fence);
        await expect(refusal).rejects.toBeInstanceOf(NotHealthy);
        await expect(refusal).rejects.toThrow(/^app\d+\/1\/a cannot be admitted: .*503/);
        expect((await server('1'))?.state).toBe('out');
      });

      it('refuses a server where nothing listens, and says so', async () => {
        const instance = await startInstance('1');
        await balancer.declare(poolDefinition(app), fence);
        const known = serverOf(instance);
        await instance.close();
        await balancer.register(known, fence);
        const failure = await waitUntil('a check has failed', async () => (await server('1'))?.lastFailure);
        expect(failure).toMatch(/refused/);
        await expect(balancer.admit(slot('1'), fence)).rejects.toBeInstanceOf(NotHealthy);
        instances = [];
      });

      it('refuses a server that was never registered', async () => {
        await balancer.declare(poolDefinition(app), fence);
        await expect(balancer.admit(slot('1'), fence)).rejects.toBeInstanceOf(NotHealthy);
      });

      it('takes a healthy server back that was draining', async () => {
        const [one] = await serve('1');
        const release = one!.holdRequests();
        const held = visit('/hold');
        await waitUntil('it is under way', async () => (await server('1'))?.inFlight === 1);
        await balancer.drain(slot('1'), 60_000, fence);
        await balancer.admit(slot('1'), fence);
        expect(await server('1')).toMatchObject({ state: 'serving' });
        expect(await answerer()).toBe('1');
        release();
        expect((await held).statusCode).toBe(200);
      });
    });

    describe('traffic', () => {
      it('goes to every serving server', async () => {
        await serve('1', '2', '3');
        expect(await answerers(30)).toEqual(new Set(['1', '2', '3']));
      });

      it('goes round under round-robin', async () => {
        await balancer.declare(poolDefinition(app, { algorithm: 'round-robin' } as never), fence);
        await Promise.all(['1', '2'].map((name) => admitInstance(name)));
        const order: string[] = [];
        for (let visits = 0; visits < 4; visits++) order.push(await answerer());
        expect(order[0]).not.toBe(order[1]);
        expect(order.slice(2)).toEqual(order.slice(0, 2));
      });

      it('goes to the server with the fewest requests under way', async () => {
        const [one, two] = await serve('1', '2');
        const release = [one!.holdRequests(), two!.holdRequests()];
        const held = visit('/hold');
        await waitUntil('one is held', () => one!.requests.length + two!.requests.length === 1);
        const free = one!.requests.length === 1 ? '2' : '1';
        for (let visits = 0; visits < 6; visits++) expect(await answerer()).toBe(free);
        for (const answer of release) answer();
        await (await held).body.dump();
      });

      it('finds the app by exact host, by wildcard of one label, and by the longest path over all apps', async () => {
        const [one] = await serve('1');
        const paths = `paths-${app}`;
        const wild = `wild-${app}`;
        const hosts = [`${app}.test`, `*.${app}.test`];
        await balancer.declare(poolDefinition(paths, { route: { hosts, paths: ['/api'] } }), fence);
        await balancer.declare(poolDefinition(wild, { route: { hosts: [`*.${app}.test`] } }), fence);
        const statuses = {
          root: await status('/'),
          upperCase: await status('/', { host: `${app.toUpperCase()}.TEST:80` }),
          path: await status('/api/x'),
          samePrefix: await status('/apiary'),
          oneLabel: await status('/', { host: `x.${app}.test` }),
          twoLabels: await status('/', { host: `x.y.${app}.test` }),
        };
        // The app with a server answers 200, the ones without 503, and no app at all 404.
        expect(statuses).toEqual({
          root: 200,
          upperCase: 200,
          path: 503,
          samePrefix: 200,
          oneLabel: 503,
          twoLabels: 404,
        });
        expect(one!.requests).toHaveLength(3);
        await balancer.forget(paths, fence);
        await balancer.forget(wild, fence);
      });

      it('reaches the app with method, path, body and headers as they were sent', async () => {
        await serve('1');
        const { body } = await visit('/a/b?c=d%20e', { body: 'some text', headers: { 'x-own': 'yes' } });
        const echo = (await body.json()) as Echo;
        expect(echo).toMatchObject({ method: 'POST', url: '/a/b?c=d%20e', body: 'some text' });
        expect(echo.headers).toMatchObject({
          host: `${app}.test`,
          'x-own': 'yes',
          'x-forwarded-for': address,
        });
      });

      it('is refused with 413 or 431 where body or headers are larger than the pool allows', async () => {
        const route = { hosts: [`${app}.test`], maxBodyBytes: 1000, maxHeaderBytes: 2000 };
        await balancer.declare(poolDefinition(app, { route }), fence);
        const instance = await admitInstance('1');
        expect(await status('/', { body: 'x'.repeat(1000) })).toBe(200);
        expect(await status('/', { body: 'x'.repeat(1001) })).toBe(413);
        expect(await status('/', { headers: { 'x-long': 'x'.repeat(2000) } })).toBe(431);
        expect(instance.requests).toHaveLength(1);
      });

      it('avoids a server whose checks fail, and comes back when they pass again', async () => {
        const [one] = await serve('1', '2');
        one!.healthy = false;
        await waitUntil('1 is unhealthy', async () => (await server('1'))?.healthy === false);
        expect((await server('1'))?.lastFailure).toMatch(/503/);
        expect(await answerers(10)).toEqual(new Set(['2']));
        one!.healthy = true;
        await whenHealthy('1');
        expect(await answerers(10)).toEqual(new Set(['1', '2']));
      });

      it('loses no request, not even a POST, when a server stops listening', async () => {
        const [one] = await serve('1', '2');
        await one!.close();
        instances = instances.filter((instance) => instance !== one);
        const bodies = Array.from({ length: 20 }, (_, index) => status('/', { body: `${index}` }));
        expect(new Set(await Promise.all(bodies))).toEqual(new Set([200]));
      });

      it('is answered with 503 when no server is serving', async () => {
        await balancer.declare(poolDefinition(app), fence);
        expect(await status()).toBe(503);
      });
    });

    describe('drain', () => {
      it('answers at once, gives no new requests, and lets what is under way end', async () => {
        const [one] = await serve('1', '2');
        const [two] = [instances[1]!];
        const release = [one!.holdRequests(), two.holdRequests()];
        const underWay = async () => (await pool()).servers.reduce((sum, { inFlight }) => sum + inFlight, 0);
        // One after the other: two threads that choose at once may choose the same server.
        const held = [visit('/hold')];
        await waitUntil('one is held', async () => (await underWay()) === 1);
        held.push(visit('/hold'));
        await waitUntil('each holds one', async () =>
          (await pool()).servers.every(({ inFlight }) => inFlight === 1),
        );
        await balancer.drain(slot('1'), 60_000, fence);
        const draining = await server('1');
        expect(draining).toMatchObject({ state: 'draining', inFlight: 1 });
        expect(draining!.drainDeadline).toBeGreaterThan(Date.now() + 50_000);
        expect(await answerers(10)).toEqual(new Set(['2']));
        for (const answer of release) answer();
        for (const { statusCode, body } of await Promise.all(held)) {
          expect(statusCode).toBe(200);
          expect(await body.text()).toBe('held');
        }
        await whenOut('1');
      });

      it('puts an idle server out without waiting for the deadline', async () => {
        await serve('1', '2');
        await balancer.drain(slot('1'), 60_000, fence);
        await whenOut('1');
        expect((await server('1'))?.drainDeadline).toBeUndefined();
      });

      it('closes what is still under way at the deadline', async () => {
        const [one] = await serve('1');
        one!.on('/endless', (_request, response) => response.write('begun'));
        const { body } = await visit('/endless');
        await balancer.drain(slot('1'), 200, fence);
        await expect(body.text()).rejects.toThrow();
        await whenOut('1');
        expect((await server('1'))?.inFlight).toBe(0);
      });

      it('counts an open WebSocket as under way, and closes it at the deadline only', async () => {
        const [one] = await serve('1');
        const sockets = new WebSocketServer({ server: one!.server });
        sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)));
        const client = new WebSocket(world.url, { headers: { host: `${app}.test` } });
        client.on('error', (error) => messages.push(error.message));
        const messages: string[] = [];
        client.on('message', (data) => messages.push(String(data)));
        const closed = new Promise<number>((resolve) => client.on('close', () => resolve(Date.now())));
        await new Promise((resolve) => client.on('open', resolve));
        expect((await server('1'))?.inFlight).toBe(1);
        const drainedAt = Date.now();
        await balancer.drain(slot('1'), 400, fence);
        client.send('still here');
        await waitUntil('it is answered', () => messages.includes('echo still here'));
        expect((await closed) - drainedAt).toBeGreaterThanOrEqual(380);
        await whenOut('1');
      });

      it('does not extend the deadline when it is repeated', async () => {
        const [one] = await serve('1');
        const release = one!.holdRequests();
        const held = visit('/hold');
        await waitUntil('it is under way', async () => (await server('1'))?.inFlight === 1);
        await balancer.drain(slot('1'), 30_000, fence);
        const { drainDeadline } = (await server('1'))!;
        await balancer.drain(slot('1'), 60_000, fence);
        expect((await server('1'))?.drainDeadline).toBe(drainDeadline);
        release();
        await (await held).body.dump();
      });

      it('does nothing for a server that is out or unknown', async () => {
        const instance = await startInstance('1');
        await balancer.declare(poolDefinition(app), fence);
        await balancer.register(serverOf(instance), fence);
        await balancer.drain(slot('1'), 1000, fence);
        await balancer.drain(slot('2'), 1000, fence);
        expect((await server('1'))?.state).toBe('out');
        expect((await pool()).servers).toHaveLength(1);
      });
    });

    describe('deregister', () => {
      it('forgets a server, and closes what was under way on it', async () => {
        const [one] = await serve('1');
        one!.on('/endless', (_request, response) => response.write('begun'));
        const { body } = await visit('/endless');
        await balancer.deregister(slot('1'), fence);
        await expect(body.text()).rejects.toThrow();
        expect((await pool()).servers).toEqual([]);
      });

      it('does nothing for a server that it does not know', async () => {
        await balancer.declare(poolDefinition(app), fence);
        await balancer.deregister(slot('1'), fence);
        expect((await pool()).servers).toEqual([]);
      });
    });

    describe('fence', () => {
      it('refuses every change under a lower fence than the highest seen for the app', async () => {
        const [instance] = await serve('1');
        const before = await pool();
        const stale = fence - 1;
        const changes = [
          balancer.declare(poolDefinition(app, { route: { paths: ['/x'] } }), stale),
          balancer.register(serverOf(instance!, { generation: 'r2+c1' }), stale),
          balancer.admit(slot('1'), stale),
          balancer.drain(slot('1'), 1000, stale),
          balancer.deregister(slot('1'), stale),
          balancer.setShare(app, { basisPoints: 100, offset: 0 }, stale),
          balancer.setShare(app, { basisPoints: 0, offset: 0 }, stale),
          balancer.forget(app, stale),
        ];
        const results = await Promise.allSettled(changes);
        for (const result of results) {
          expect(result.status === 'rejected' && result.reason).toBeInstanceOf(StaleFence);
        }
        expect(await pool()).toEqual(before);
      });

      it('remembers a higher fence even where nothing else changes', async () => {
        await balancer.declare(poolDefinition(app), fence);
        await balancer.declare(poolDefinition(app), fence + 1);
        await expect(balancer.forget(app, fence)).rejects.toThrow(
          `${app}: refused, lease ${fence} was superseded by lease ${fence + 1}`,
        );
      });

      it('remembers the fence of an app that was forgotten', async () => {
        await balancer.declare(poolDefinition(app), fence);
        await balancer.forget(app, fence + 1);
        await expect(balancer.declare(poolDefinition(app), fence)).rejects.toBeInstanceOf(StaleFence);
      });
    });

    describe('share', () => {
      const bucketOf = (cookie: string | string[] | undefined) =>
        new RegExp(`^fairway-bucket-${app}=(\\d+)`).exec([cookie ?? ''].flat().join())?.[1];

      async function serveBoth(share: { basisPoints: number; offset: number }): Promise<void> {
        await serve('base');
        await admitInstance('canary', { side: 'canary' });
        await balancer.setShare(app, share, fence);
      }

      /** A visit as someone without a cookie. */
      async function newUser(): Promise<{ instance: string; bucket: string | undefined }> {
        const { body, headers } = await visit();
        return {
          instance: ((await body.json()) as Echo).instance,
          bucket: bucketOf(headers['set-cookie']),
        };
      }

      const asUser = (bucket: number | string) =>
        answerer({ headers: { cookie: `fairway-bucket-${app}=${bucket}` } });

      it('gives the canary nothing, and users no cookie, while it is 0', async () => {
        await serveBoth({ basisPoints: 0, offset: 0 });
        const users = await Promise.all(Array.from({ length: 20 }, newUser));
        expect(new Set(users.map(({ instance }) => instance))).toEqual(new Set(['base']));
        expect(new Set(users.map(({ bucket }) => bucket))).toEqual(new Set([undefined]));
        expect(await asUser(0)).toBe('base');
      });

      it('is exact: of 10,000 new users, 5 % are 500', async () => {
        await serveBoth({ basisPoints: 500, offset: 4321 });
        let onCanary = 0;
        const buckets = new Set<string | undefined>();
        let left = 10_000;
        const visitor = async () => {
          while (left-- > 0) {
            const { instance, bucket } = await newUser();
            if (instance === 'canary') onCanary += 1;
            buckets.add(bucket);
          }
        };
        await Promise.all(Array.from({ length: 50 }, visitor));
        expect(onCanary).toBe(500);
        expect(buckets.size).toBe(10_000);
      }, 60_000);

      it('begins where the offset says: a bucket is on the canary when it and the offset fall below the share', async () => {
        await serveBoth({ basisPoints: 500, offset: 9900 });
        expect(await asUser(99)).toBe('base');
        expect(await asUser(100)).toBe('canary');
        expect(await asUser(599)).toBe('canary');
        expect(await asUser(600)).toBe('base');
      });

      it('keeps users where they are, and as it grows moves them one way only', async () => {
        await serveBoth({ basisPoints: 1000, offset: 0 });
        const users = await Promise.all(Array.from({ length: 40 }, newUser));
        for (const { instance, bucket } of users) expect(await asUser(bucket!)).toBe(instance);
        await balancer.setShare(app, { basisPoints: 5000, offset: 0 }, fence);
        for (const { instance, bucket } of users) {
          const now = await asUser(bucket!);
          if (instance === 'canary') expect(now).toBe('canary');
          expect(now).toBe(Number(bucket) < 5000 ? 'canary' : 'base');
        }
      });

      it('takes every user back with their next request at 0', async () => {
        await serveBoth({ basisPoints: 10_000, offset: 0 });
        expect(await asUser(1234)).toBe('canary');
        await balancer.setShare(app, { basisPoints: 0, offset: 0 }, fence);
        expect(await asUser(1234)).toBe('base');
      });

      it('takes a cookie that holds no bucket for none at all', async () => {
        await serveBoth({ basisPoints: 10_000, offset: 0 });
        for (const forged of ['10000', '-1', 'canary', '1e3', '']) {
          const { headers, body } = await visit('/', {
            headers: { cookie: `fairway-bucket-${app}=${forged}` },
          });
          await body.dump();
          expect(bucketOf(headers['set-cookie'])).toBeDefined();
        }
      });

      it('sends its users to the baseline when no canary is healthy', async () => {
        await serveBoth({ basisPoints: 10_000, offset: 0 });
        const canary = instances.find(({ name }) => name === 'canary')!;
        canary.healthy = false;
        await waitUntil('the canary is unhealthy', async () => (await server('canary'))?.healthy === false);
        expect(await asUser(1)).toBe('base');
      });

      it('loses no GET to a canary that dies over it', async () => {
        await serveBoth({ basisPoints: 10_000, offset: 0 });
        const canary = instances.find(({ name }) => name === 'canary')!;
        let died: Promise<void> | undefined;
        canary.on('/fatal', (request) => {
          died ??= canary.close();
          request.socket.destroy();
        });
        const { statusCode, body } = await visit('/fatal');
        expect({ statusCode, text: await body.text() }).toMatchObject({
          statusCode: 200,
          text: expect.stringContaining('"base"'),
        });
        await died;
      });

      it('is refused for an app that was not declared', async () => {
        const share = { basisPoints: 100, offset: 0 };
        await expect(balancer.setShare(app, share, fence)).rejects.toBeInstanceOf(UnknownPool);
      });
    });

    describe('promotion', () => {
      const share = { basisPoints: 10_000, offset: 0 };

      async function promotable(): Promise<void> {
        await serve('old');
        await admitInstance('new', { side: 'canary', generation: 'r2+c1' });
        await balancer.setShare(app, share, fence);
      }

      it('makes the canary the baseline at one stroke, under load, and loses nothing', async () => {
        await promotable();
        const seen = new Set<string>();
        let isOver = false;
        const visitor = async () => {
          while (!isOver) {
            const { statusCode, body } = await visit();
            seen.add(`${statusCode} ${((await body.json()) as Echo).instance}`);
          }
        };
        const visitors = Promise.all(Array.from({ length: 10 }, visitor));
        await balancer.promote(app, 'r2+c1', 1_000, fence);
        await whenOut('old');
        isOver = true;
        await visitors;
        expect(seen).toEqual(new Set(['200 new']));
        expect((await pool()).share.basisPoints).toBe(0);
        expect(await server('new')).toMatchObject({ side: 'baseline', state: 'serving', healthy: true });
        expect(await answerers(20)).toEqual(new Set(['new']));
      });

      it('lets requests that are under way on either side end', async () => {
        await promotable();
        const [old, fresh] = instances.slice(-2) as [HttpInstance, HttpInstance];
        let answer = () => {};
        fresh.handlers.set('/slow', (_request, response) => {
          answer = () => response.end('at last');
        });
        const slow = status('/slow');
        await waitUntil('it is under way', async () => (await server('new'))?.inFlight === 1);
        await balancer.promote(app, 'r2+c1', 1_000, fence);
        await whenOut(old.name);
        answer();
        expect(await slow).toBe(200);
      });

      it('does nothing when done again', async () => {
        await promotable();
        await balancer.promote(app, 'r2+c1', 1_000, fence);
        await balancer.promote(app, 'r2+c1', 1_000, fence);
        expect(await answerer()).toBe('new');
      });

      it('is refused for a canary that was taken back', async () => {
        await promotable();
        await balancer.setShare(app, { basisPoints: 0, offset: 0 }, fence);
        await expect(balancer.promote(app, 'r2+c1', 1_000, fence)).rejects.toBeInstanceOf(CanaryTakenBack);
        expect(await answerers(10)).toEqual(new Set(['old']));
      });
    });

    describe('watch', () => {
      it('yields the present registry first, then every change, and ends when the signal aborts', async () => {
        const stop = new AbortController();
        const seen: Registry[] = [];
        const watching = (async () => {
          for await (const registry of balancer.watch(stop.signal)) seen.push(registry);
        })();
        await waitUntil('the present one has come', () => seen.length > 0);
        expect(seen[0]!.pools).not.toHaveProperty(app);
        await serve('1');
        await balancer.drain(slot('1'), 1000, fence);
        await whenOut('1');
        const states = () =>
          seen.map(({ pools }) => {
            const first = pools[app]?.servers[0];
            return first && `${first.state} ${first.healthy}`;
          });
        await waitUntil('the end has come', () => states().at(-1) === 'out true');
        expect(states().filter((state) => state !== undefined)).toEqual([
          'out false',
          'out true',
          'serving true',
          'draining true',
          'out true',
        ]);
        const revisions = seen.map(({ revision }) => revision);
        expect(revisions).toEqual([...new Set(revisions)].sort((one, other) => one - other));
        stop.abort();
        await watching;
      });
    });

    describe('counters', () => {
      const counters = async () => (await balancer.counters()).find((one) => one.app === app)!;
      /** Times and refusals may come from a log that is read as it is written, a moment later. */
      const whenTimed = (answers: number) =>
        waitUntil(`${answers} answers are timed`, async () => {
          const [server] = (await counters()).servers;
          return server?.latencyBuckets.at(-1) === answers && server;
        });

      it('count requests, answers by class and times, per server', async () => {
        const [one] = await serve('1');
        for (const code of [204, 302, 404, 500]) {
          one!.on(`/${code}`, (_request, response) => response.writeHead(code).end());
          await status(`/${code}`);
        }
        await status('/204');
        const counted = await whenTimed(5);
        expect(counted).toMatchObject({
          id: `${app}/1/a`,
          generation: 'r1+c1',
          side: 'baseline',
          requests: 5,
          answers: [0, 2, 1, 1, 1],
          failures: 0,
          retried: 0,
        });
        expect(counted.latencyBuckets).toHaveLength(LATENCY_BOUNDS_MS.length + 1);
        expect([...counted.latencyBuckets]).toEqual([...counted.latencyBuckets].sort((a, b) => a - b));
        expect(counted.latencySumMs).toBeGreaterThan(0);
      });

      it('tell slow answers from fast ones', async () => {
        const [one] = await serve('1');
        one!.on('/slow', (_request, response) => setTimeout(() => response.end(), 120));
        await status('/slow');
        const { latencyBuckets, latencySumMs } = await whenTimed(1);
        expect(latencyBuckets[LATENCY_BOUNDS_MS.indexOf(100)]).toBe(0);
        expect(latencySumMs).toBeGreaterThanOrEqual(115);
      });

      it('count a request that broke off as a failure, not as an answer', async () => {
        const [one] = await serve('1');
        one!.on('/broken', (request) => request.socket.destroy());
        expect(await status('/broken', { body: 'x' })).toBe(502);
        expect((await counters()).servers[0]).toMatchObject({
          failures: 1,
          answers: [0, 0, 0, 0, 0],
          retried: 0,
        });
      });

      it('count the requests that no server answered by the status sent', async () => {
        await balancer.declare(
          poolDefinition(app, { route: { hosts: [`${app}.test`], maxBodyBytes: 1 } }),
          fence,
        );
        await status();
        await status('/', { body: 'too large' });
        const refused = async () =>
          Object.values((await counters()).unserved).reduce((sum, count) => sum + count, 0);
        await waitUntil('both are counted', async () => (await refused()) >= 2);
        expect((await counters()).unserved).toEqual({ 413: 1, 503: 1 });
      });
    });
  });
}
