import { execa } from 'execa';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ShareTripped } from '../../src/balancer/balancer.ts';
import type { HaproxyBalancer } from '../../src/balancer/haproxy/haproxy-balancer.ts';
import { Runtime } from '../../src/balancer/haproxy/runtime.ts';
import { execInHost } from '../../src/lab/lab.ts';
import { cutHost, healNetwork } from '../../src/lab/network-faults.ts';
import { balancerContract } from '../contracts/balancer.ts';
import { shareLeaseContract } from '../contracts/share-lease.ts';
import { FENCE, Fleet, serversIn, serversOf } from '../support/haproxy-world.ts';
import type { Echo } from '../support/http-instance.ts';
import { poolDefinition } from '../support/pool-definition.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { waitUntil } from '../support/wait-until.ts';
import { BalancerLab } from './support/balancer-lab.ts';
import { describeInLab } from './support/describe-in-lab.ts';
import { InstanceBesideBalancers, RemoteVisitors, renewEach } from './support/on-other-hosts.ts';

const TLS = 'balancer: { tls: { self_signed: true, redirect: false } }\n';

describeInLab('Two HAProxies that are provisioned', ['lb1', 'lb2'], (lab) => {
  let place: BalancerLab;

  beforeAll(async () => {
    place = new BalancerLab(lab(), TLS);
    expect(await place.provision()).toBeGreaterThan(20);
  });
  afterAll(() => place?.close());

  const inHost = (host: string, ...words: string[]) => execInHost(lab().name, host, words);

  async function fleet(balancer: HaproxyBalancer, app: string, ...names: string[]): Promise<Fleet> {
    await balancer.declare(poolDefinition(app), FENCE);
    const instances = new Fleet(balancer, app, lab().machineAddress);
    await Promise.all(names.map((name) => instances.admit(name, 'a', 'r1')));
    return instances;
  }

  function visit(host: string, app: string, cookie?: string) {
    return request(`https://${place.addressOf(host)}/`, {
      headers: { host: `${app}.test`, ...(cookie && { cookie }) },
      dispatcher: new Agent({ connect: { rejectUnauthorized: false } }),
    });
  }

  test('are not changed by a second run', async () => {
    expect(await place.provision()).toBe(0);
  });

  balancerContract('haproxy over SSH', async () => {
    const balancer = place.balancer('lb1');
    const close = () => balancer.close();
    return { balancer, url: `http://${place.addressOf('lb1')}`, address: lab().machineAddress, close };
  });

  const inService = (...words: string[]) => inHost('lb1', 'systemctl', ...words);
  const disturbances: Record<string, () => Promise<unknown>> = {
    'a reload': () => inService('reload', 'haproxy'),
    'a restart': () => inService('restart', 'haproxy'),
    'a crash of the switch': () => inService('kill', '-s', 'KILL', 'fairway-switch'),
  };
  shareLeaseContract(
    'haproxy over SSH',
    async () => {
      const balancer = place.balancer('lb1');
      return {
        balancer,
        url: `http://${place.addressOf('lb1')}`,
        address: lab().machineAddress,
        close: () => balancer.close(),
        disturb: async (how) => void (await disturbances[how]!()),
      };
    },
    Object.keys(disturbances),
  );

  describe('one by one', () => {
    let balancer: HaproxyBalancer;
    beforeAll(() => {
      balancer = place.balancer('lb1');
    });
    afterAll(() => balancer?.close());

    test('serve over TLS, and tell the instance', async () => {
      const instances = await fleet(balancer, 'tls', 'base');
      await instances.admit('canary', 'a', 'r2', 'canary');
      await balancer.setShare('tls', { basisPoints: 10_000, offset: 0 }, FENCE);
      const { headers, body } = await visit('lb1', 'tls');
      const echo = (await body.json()) as Echo;
      expect(echo.instance).toBe('canary');
      expect(echo.headers).toMatchObject({
        'x-forwarded-proto': 'https',
        'x-forwarded-port': '443',
        'x-forwarded-for': lab().machineAddress,
      });
      expect(headers['set-cookie']).toMatch(/^fairway-bucket-tls=\d+; .*HttpOnly; SameSite=Lax; Secure$/);
      await instances.close();
    });

    test('keep servers, states and share over a reload, a restart and a crash', async () => {
      const instances = await fleet(balancer, 'kept', '1', '2', '3');
      await balancer.drain({ app: 'kept', instance: '3', slot: 'a' }, 0, FENCE);
      await waitUntil('it is out', async () => (await instances.server('3'))?.state === 'out');
      await balancer.setShare('kept', { basisPoints: 300, offset: 7 }, FENCE);
      const before = (await balancer.observe()).pools.kept;
      const disturb: [string, ...string[]][] = [
        ['systemctl', 'reload', 'haproxy'],
        ['systemctl', 'restart', 'haproxy'],
        ['systemctl', 'kill', '-s', 'KILL', 'haproxy'],
      ];
      for (const words of disturb) {
        await inHost('lb1', ...words);
        await waitUntil(`the registry is as before after ${words.join(' ')}`, async () => {
          const registry = await balancer.observe().catch(() => undefined);
          return JSON.stringify(registry?.pools.kept) === JSON.stringify(before);
        });
        const registry = await balancer.observe();
        expect(await serversOf(place.node('lb1'), 'kept')).toEqual(serversIn(registry, 'kept'));
        const { statusCode, body } = await visit('lb1', 'kept');
        expect(statusCode).toBe(200);
        await body.dump();
      }
      await instances.close();
    });

    test('answer a run-time command in milliseconds', async () => {
      const runtime = new Runtime(place.node('lb1'));
      await runtime.run(['show version'], 5_000);
      const times: number[] = [];
      for (let turn = 0; turn < 200; turn++) {
        const startedAt = performance.now();
        await runtime.run(['get var proc.fairway'], 5_000);
        times.push(performance.now() - startedAt);
      }
      runtime.close();
      times.sort((one, other) => one - other);
      console.log(
        `a run-time command over SSH: p50 ${times[100]!.toFixed(2)} ms, p99 ${times[198]!.toFixed(2)} ms`,
      );
      expect(times[100]).toBeLessThan(10);
    });

    test('let the deploying user do that and no more', async () => {
      const as = (...words: string[]) =>
        execa('ssh', ['-F', lab().sshConfigFile, 'lb1', 'sudo', '-u', 'fairway', ...words], {
          reject: false,
        });
      expect(
        (await as('sudo', '-n', '/usr/local/sbin/fairway-balancer', '--state', '/etc')).exitCode,
      ).not.toBe(0);
      expect((await as('sudo', '-n', 'cat', '/etc/shadow')).exitCode).not.toBe(0);
      expect((await as('cat', '/var/lib/fairway-balancer/registry.json')).exitCode).not.toBe(0);
      expect((await as('test', '-w', '/usr/local/sbin/fairway-balancer')).exitCode).not.toBe(0);
    });
  });

  describe('together', () => {
    let balancer: HaproxyBalancer;
    beforeAll(() => {
      balancer = place.balancer('lb1', 'lb2');
    });
    afterAll(() => balancer?.close());

    test('serve alike, and lose nothing over replacements', async () => {
      const instances = await fleet(balancer, 'both', '1', '2', '3');
      const loads = ['lb1', 'lb2'].map(
        (host) => new SteadyLoad(`https://${place.addressOf(host)}`, 'both.test', 10),
      );
      for (const name of ['1', '2', '3']) {
        await instances.admit(name, 'b', 'r2');
        await instances.retire(name, 'a');
      }
      for (const load of loads) {
        await load.stop();
        expect(load.failures).toEqual([]);
        expect(load.sent).toBeGreaterThan(50);
      }
      await instances.close();
    });

    test('take the same user to the same side', async () => {
      const instances = await fleet(balancer, 'sides', 'base');
      await instances.admit('canary', 'a', 'r2', 'canary');
      await balancer.setShare('sides', { basisPoints: 2500, offset: 9000 }, FENCE);
      for (const [bucket, side] of [
        [999, 'base'],
        [1000, 'canary'],
        [3499, 'canary'],
        [3500, 'base'],
      ] as const) {
        for (const host of ['lb1', 'lb2']) {
          const { body } = await visit(host, 'sides', `fairway-bucket-sides=${bucket}`);
          expect(((await body.json()) as Echo).instance).toBe(side);
        }
      }
      await instances.close();
    });

    test('take the share back by themselves where they are cut off from who renews it', async () => {
      const app = 'alone';
      const leaseMs = 4000;
      await balancer.declare(poolDefinition(app), FENCE);
      const sides = [
        new InstanceBesideBalancers(lab(), 'baseline', 9001),
        new InstanceBesideBalancers(lab(), 'canary', 9002),
      ];
      for (const instance of sides) await instance.admit(balancer, app, FENCE);
      const share = { basisPoints: 10_000, offset: 0, lease: { canary: 'rollout-1', leaseMs } };
      await balancer.setShare(app, share, FENCE);
      const renewing = new AbortController();
      const renewed = renewEach(balancer, app, leaseMs / 5, renewing.signal);
      const visitors = new RemoteVisitors(lab(), 'lb2', place.addressOf('lb1'), `${app}.test`);
      await visitors.whenAnswered('canary', 10);

      const cutAt = Date.now();
      await cutHost(lab().name, 'lb1', { kind: 'machine' });
      const { lastCanaryAt, requests, failed } = await visitors.whenAnswered('baseline', 10);
      const afterMs = lastCanaryAt - cutAt;
      console.log(
        `cut off, lb1 took the share back ${(afterMs / 1000).toFixed(1)} s later (lease ${leaseMs / 1000} s); ` +
          `${requests} requests of its visitors, ${failed} failed`,
      );
      expect(afterMs).toBeGreaterThan(leaseMs * 0.75);
      expect(afterMs).toBeLessThan(leaseMs + 1000);
      expect(failed).toBe(0);
      // The other one was renewed all the time.
      expect(await balancer.observe()).toMatchObject({
        unreachable: [{ name: 'lb1' }],
        pools: { [app]: { share } },
      });

      await healNetwork(lab().name, 'lb1');
      const { tripped } = await waitUntil(
        'lb1 is back, and what it did counts for both',
        async () => {
          const registry = await balancer.observe();
          return (
            registry.unreachable === undefined &&
            registry.pools[app]!.share.tripped &&
            registry.pools[app]!.share
          );
        },
        60_000,
      );
      expect(tripped).toMatchObject({ canary: 'rollout-1' });
      await waitUntil('the other one gives nothing either', async () => {
        const { body } = await visit('lb2', app, `fairway-bucket-${app}=1`);
        return (await body.text()) === 'baseline';
      });
      await expect(balancer.setShare(app, share, FENCE)).rejects.toBeInstanceOf(ShareTripped);
      renewing.abort();
      await renewed;
      await visitors.stop();
      for (const instance of sides) await instance.stop();
    });

    test('do without one that is cut off, name it, and bring it in step before it counts again', async () => {
      const instances = await fleet(balancer, 'cut', '1', '2');
      await cutHost(lab().name, 'lb2', { kind: 'machine' });
      await instances.admit('1', 'b', 'r2');
      await instances.retire('1', 'a');
      const during = await balancer.observe();
      expect(during.unreachable?.map(({ name }) => name)).toEqual(['lb2']);
      expect(await serversOf(place.node('lb1'), 'cut')).toEqual(serversIn(during, 'cut'));
      await healNetwork(lab().name, 'lb2');
      const after = await waitUntil(
        'lb2 is back',
        async () => {
          const registry = await balancer.observe();
          return registry.unreachable === undefined && registry;
        },
        60_000,
      );
      expect(await serversOf(place.node('lb2'), 'cut')).toEqual(serversIn(after, 'cut'));
      await instances.close();
    });
  });
});
