import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FENCE, Fleet } from '../../../test/support/haproxy-world.ts';
import type { Echo } from '../../../test/support/http-instance.ts';
import {
  haproxyInstalled,
  type LocalHaproxy,
  startHaproxyHere,
} from '../../../test/support/local-haproxy.ts';
import { poolDefinition } from '../../../test/support/pool-definition.ts';
import { waitUntil } from '../../../test/support/wait-until.ts';
import { SwitchSilent } from './errors.ts';
import { HaproxyBalancer } from './haproxy-balancer.ts';
import { LineClient } from './line-client.ts';
import { Runtime } from './runtime.ts';

const APP = 'shop';

describe.skipIf(!haproxyInstalled)('The dead man’s switch beside HAProxy', () => {
  let here: LocalHaproxy;
  let instances: Fleet;

  beforeEach(async () => {
    here = await startHaproxyHere();
    await here.balancer.declare(poolDefinition(APP), FENCE);
    instances = new Fleet(here.balancer, APP);
    await instances.admit('base', 'a', 'r1');
    await instances.admit('canary', 'a', 'r2', 'canary');
  });
  afterEach(async () => {
    await instances?.close();
    await here?.close();
  });

  async function side(): Promise<string> {
    const { body } = await request(here.url, {
      headers: { host: `${APP}.test`, cookie: `fairway-bucket-${APP}=1` },
    });
    return ((await body.json()) as Echo).instance;
  }

  const give = (canary: string, leaseMs: number) =>
    here.balancer.setShare(APP, { basisPoints: 10_000, offset: 0, lease: { canary, leaseMs } }, FENCE);
  const whenOver = () => waitUntil('it is over', async () => (await side()) === 'base');
  const file = (name: string) => join(here.node.folder, name);

  it('holds back whatever share a controller has HAProxy told', async () => {
    await give('one', 300);
    await whenOver();
    const runtime = new Runtime(here.node);
    await runtime.run([`set map splits.map ${APP} 50000000`], 1_000);
    expect(await side()).toBe('base');
    runtime.close();
  });

  it('counts where the controller that gave the share is gone, and for the next one', async () => {
    await give('one', 300);
    await here.balancer.close();
    await whenOver();
    const next = new HaproxyBalancer([here.node]);
    const { pools } = await next.observe();
    expect(pools[APP]!.share).toMatchObject({ basisPoints: 0, tripped: { canary: 'one' } });
    expect(await next.renewShares([{ app: APP, canary: 'one', fence: FENCE }])).toEqual([]);
    await waitUntil('it is in HAProxy’s own file as well', async () =>
      (await readFile(file('state/splits.map'), 'utf8')).includes(`${APP} 0\n`),
    );
    await next.close();
  });

  it('has to answer before a canary gets a share, and only then', async () => {
    await here.node.killSwitch();
    const refusal = give('one', 15_000);
    await expect(refusal).rejects.toBeInstanceOf(SwitchSilent);
    await expect(refusal).rejects.toThrow(/dead man's switch on here .* systemctl status fairway-switch/);
    expect(await side()).toBe('base');
    await here.balancer.setShare(APP, { basisPoints: 10_000, offset: 0 }, FENCE);
    expect(await side()).toBe('canary');
  });

  it('is not waited for when a share is taken back, nor where another thing changes', async () => {
    await give('one', 15_000);
    await here.node.killSwitch();
    expect(await here.balancer.renewShares([{ app: APP, canary: 'one', fence: FENCE }])).toEqual([]);
    await here.balancer.declare(poolDefinition('other'), FENCE);
    await here.balancer.setShare(APP, { basisPoints: 0, offset: 0 }, FENCE);
    expect(await side()).toBe('base');
    await here.node.startSwitch();
    await waitUntil('it watches nothing any more', async () => {
      await here.balancer.observe();
      return (await readFile(file('switch/state.json'), 'utf8')).includes('"leases": {}');
    });
  });

  it('keeps back what stands in its map, also where all else that it knew is lost', async () => {
    await give('one', 300);
    await whenOver();
    await here.node.killSwitch();
    await writeFile(file('switch/state.json'), '{');
    await here.node.startSwitch();
    await here.node.kill();
    await here.node.start();
    await waitUntil('it serves', async () => (await side().catch(() => '')) === 'base');
    expect(await readFile(file('switch/tripped.map'), 'utf8')).toBe(`${APP} 1\n`);
  });

  it('gives a lease whose last renewal is lost once more, and no longer', async () => {
    await give('one', 2000);
    await here.node.killSwitch();
    await writeFile(file('switch/renewed.json'), 'x');
    const startedAt = Date.now();
    await here.node.startSwitch();
    await whenOver();
    expect(Date.now() - startedAt).toBeLessThan(3500);
  });

  it.each([
    ['a name that is none', { do: 'hold', leases: [{ app: 'a 1\nb', canary: 'c', leaseMs: 100, fence: 1 }] }],
    ['a lease without an end', { do: 'hold', leases: [{ app: 'a', canary: 'c', leaseMs: 1e12, fence: 1 }] }],
    ['half a request', { do: 'hold', leases: [{ app: 'a' }] }],
    ['something that it does not do', { do: 'forget everything' }],
  ])('refuses %s, and goes on', async (_what, hostile) => {
    const line = new LineClient(
      'fairway-switch',
      () => here.node.openSwitch(),
      (answer) => answer as { id: number; error?: string; leases?: object },
      (reason) => new Error(reason),
    );
    expect((await line.ask(hostile, 1_000)).error).toEqual(expect.any(String));
    expect((await line.ask({ do: 'look' }, 1_000)).leases).toEqual({});
    line.close();
  });
});
