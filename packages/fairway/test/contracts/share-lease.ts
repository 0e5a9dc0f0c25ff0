import { Agent, request } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Balancer, type Pool, ShareTripped, type Side } from '../../src/balancer/balancer.ts';
import { type Echo, HttpInstance } from '../support/http-instance.ts';
import { poolDefinition } from '../support/pool-definition.ts';
import { waitUntil } from '../support/wait-until.ts';
import type { BalancerUnderTest } from './balancer.ts';

const LEASE_MS = 1500;

/** One adapter, and what may happen to it on its own machine: resolves when that is over. */
export interface DisturbedBalancer extends BalancerUnderTest {
  disturb(how: string): Promise<void>;
}

/** What every adapter of the port `balancer/balancer.ts` does when its controller falls silent. */
export function shareLeaseContract(
  adapter: string,
  open: () => Promise<DisturbedBalancer>,
  disturbances: readonly string[],
): void {
  describe(`The lease of a share: ${adapter}`, () => {
    let world: DisturbedBalancer;
    let balancer: Balancer;
    let address: string;
    let app: string;
    let instances: HttpInstance[];
    let agent: Agent;
    let count = 0;
    const fence = 5;

    beforeAll(async () => {
      world = await open();
      ({ balancer, address = '127.0.0.1' } = world);
    });
    afterAll(() => world?.close());

    beforeEach(async () => {
      count += 1;
      app = `leased${count}`;
      instances = [];
      agent = new Agent();
      await balancer.declare(poolDefinition(app), fence);
      await Promise.all([admit('base', 'baseline'), admit('canary', 'canary')]);
    });
    afterEach(async () => {
      await agent.destroy();
      await balancer.forget(app, 1_000_000);
      await Promise.all(instances.map((instance) => instance.close()));
    });

    async function admit(name: string, side: Side): Promise<void> {
      const instance = await HttpInstance.start(name, 0, address);
      instances.push(instance);
      const slot = { app, instance: name, slot: 'a' as const };
      await balancer.register({ slot, host: address, port: instance.port, side, generation: 'r1+c1' }, fence);
      await waitUntil(`${name} is healthy`, async () =>
        (await pool()).servers.some((server) => server.slot.instance === name && server.healthy),
      );
      await balancer.admit(slot, fence);
    }

    const pool = async (): Promise<Pool> => (await balancer.observe()).pools[app]!;
    const share = async () => (await pool()).share;
    const whenTripped = () => waitUntil('it tripped', async () => (await share()).tripped);

    /** Which side answers the user of this bucket. */
    async function asUser(bucket: number): Promise<string> {
      const { body } = await request(world.url, {
        headers: { host: `${app}.test`, cookie: `fairway-bucket-${app}=${bucket}` },
        dispatcher: agent,
      });
      return ((await body.json()) as Echo).instance;
    }

    const leased = (canary: string, basisPoints = 10_000, leaseMs = LEASE_MS) => ({
      basisPoints,
      offset: 7,
      lease: { canary, leaseMs },
    });
    const renew = (canary: string, given = fence) => balancer.renewShares([{ app, canary, fence: given }]);

    it('stands while it is renewed, and is shown with its lease', async () => {
      await balancer.setShare(app, leased('r1'), fence);
      const until = Date.now() + 2.5 * LEASE_MS;
      await waitUntil('more than two leases are over', async () => {
        expect(await renew('r1')).toEqual([app]);
        expect(await asUser(1234)).toBe('canary');
        return Date.now() > until;
      });
      expect(await share()).toEqual(leased('r1'));
    });

    it('is 0 by itself once nobody has renewed it for its lease, and not before', async () => {
      const beganAt = Date.now();
      await balancer.setShare(app, leased('r1'), fence);
      const givenAt = Date.now();
      // Visitors alone are asked: looking is not what takes it back.
      const lasted = await waitUntil(
        'visitors are back on the baseline',
        async () => (await asUser(1234)) === 'base' && Date.now(),
      );
      expect(lasted - beganAt).toBeGreaterThanOrEqual(LEASE_MS);
      expect(lasted - givenAt).toBeLessThan(LEASE_MS + 1000);
      const tripped = await whenTripped();
      expect(tripped).toEqual({ canary: 'r1', at: expect.any(Number) });
      expect(tripped.at).toBeGreaterThanOrEqual(beganAt + LEASE_MS - 50);
      expect(tripped.at).toBeLessThan(lasted + 1000);
      expect(await share()).toEqual({ basisPoints: 0, offset: 7, tripped });
    });

    it('stays 0 whatever is done for the same canary, or for none', async () => {
      await balancer.setShare(app, leased('r1', 10_000, 300), fence);
      const tripped = await whenTripped();
      expect(await renew('r1')).toEqual([]);
      for (const again of [leased('r1'), leased('r1', 1), { basisPoints: 10_000, offset: 7 }]) {
        const refusal = balancer.setShare(app, again, fence + 1);
        await expect(refusal).rejects.toBeInstanceOf(ShareTripped);
        await expect(refusal).rejects.toThrow(/the share of the canary r1 to 0 at .*deploy once more/);
      }
      await balancer.setShare(app, { basisPoints: 0, offset: 3 }, fence);
      await balancer.declare(poolDefinition(app, { health: { rise: 2 } }), fence);
      expect(await share()).toEqual({ basisPoints: 0, offset: 3, tripped });
      expect(await asUser(1234)).toBe('base');
    });

    it('begins anew with another canary', async () => {
      await balancer.setShare(app, leased('r1', 10_000, 300), fence);
      await whenTripped();
      await balancer.setShare(app, leased('r2'), fence);
      expect(await share()).toEqual(leased('r2'));
      expect(await asUser(1234)).toBe('canary');
      expect(await renew('r1')).toEqual([]);
      expect(await renew('r2')).toEqual([app]);
      expect((await whenTripped()).canary).toBe('r2');
    });

    it('tells a share that was taken back from one that was refused before it was looked at', async () => {
      await balancer.setShare(app, leased('r1', 10_000, 300), fence);
      await waitUntil('it is over', async () => (await asUser(1234)) === 'base');
      await expect(balancer.setShare(app, leased('r1'), fence)).rejects.toBeInstanceOf(ShareTripped);
      expect(await asUser(1234)).toBe('base');
    });

    it('keeps its lease when it changes without one, and needs none any more at 0', async () => {
      await balancer.setShare(app, leased('r1'), fence);
      await balancer.setShare(app, { basisPoints: 5000, offset: 7 }, fence);
      expect(await share()).toEqual(leased('r1', 5000));
      await balancer.setShare(app, { basisPoints: 0, offset: 7 }, fence);
      const endedAt = Date.now();
      expect(await renew('r1')).toEqual([]);
      await waitUntil('its lease would be over', () => Date.now() > endedAt + LEASE_MS + 500);
      expect(await share()).toEqual({ basisPoints: 0, offset: 7 });
    });

    it('begins its lease again when it is set again', async () => {
      const until = Date.now() + 2 * LEASE_MS;
      await waitUntil('two leases are over', async () => {
        await balancer.setShare(app, leased('r1'), fence);
        return Date.now() > until;
      });
      expect(await share()).toEqual(leased('r1'));
    });

    it('is not renewed by another canary, nor under a lower fence', async () => {
      await balancer.setShare(app, leased('r1'), fence);
      expect(await renew('r2')).toEqual([]);
      expect(await renew('r1', fence - 1)).toEqual([]);
      expect(await balancer.renewShares([{ app: 'nobody', canary: 'r1', fence }])).toEqual([]);
      expect(await balancer.renewShares([])).toEqual([]);
      await whenTripped();
    });

    it('is renewed fast', async () => {
      await balancer.setShare(app, leased('r1'), fence);
      const times: number[] = [];
      for (let turn = 0; turn < 50; turn++) {
        const startedAt = performance.now();
        await renew('r1');
        times.push(performance.now() - startedAt);
      }
      times.sort((one, other) => one - other);
      console.log(
        `${adapter}: renewed in p50 ${times[25]!.toFixed(2)} ms, at most ${times[49]!.toFixed(2)} ms`,
      );
      expect(times[25]).toBeLessThan(10);
    });

    it.each(disturbances)(
      'counts on, and stays taken back, over %s',
      async (disturbance) => {
        await balancer.setShare(app, leased('r1', 10_000, 4000), fence);
        const givenAt = Date.now();
        await world.disturb(disturbance);
        await waitUntil('it goes on', async () => (await asUser(1234).catch(() => '')) === 'canary');
        await waitUntil('it is over', async () => (await asUser(1234)) === 'base');
        expect(Date.now() - givenAt).toBeGreaterThanOrEqual(3900);
        expect(Date.now() - givenAt).toBeLessThan(5000);
        const tripped = await whenTripped();
        await world.disturb(disturbance);
        await waitUntil('it serves', async () => (await asUser(1234).catch(() => '')) === 'base');
        expect((await share()).tripped).toEqual(tripped);
        await expect(balancer.setShare(app, leased('r1'), fence)).rejects.toBeInstanceOf(ShareTripped);
        await balancer.setShare(app, leased('r2'), fence);
        expect(await asUser(1234)).toBe('canary');
      },
      30_000,
    );
  });
}
