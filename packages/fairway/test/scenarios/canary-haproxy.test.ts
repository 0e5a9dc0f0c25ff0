import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ShareLatch, takeUsersBack } from '../../src/runner/share-latch.ts';
import { FENCE, Fleet } from '../support/haproxy-world.ts';
import type { Echo } from '../support/http-instance.ts';
import { haproxyInstalled, type LocalHaproxy, startHaproxyHere } from '../support/local-haproxy.ts';
import { poolDefinition } from '../support/pool-definition.ts';
import { waitUntil } from '../support/wait-until.ts';

const RUNS = 20;

describe.skipIf(!haproxyInstalled)("a canary's users behind HAProxy", () => {
  let world: LocalHaproxy;
  beforeAll(async () => {
    world = await startHaproxyHere();
  });
  afterAll(() => world?.close());

  it('are taken back at once, also from under a raise: nothing that begins after the answer reaches it', async () => {
    const { balancer, url } = world;
    await balancer.declare(poolDefinition('shop'), FENCE);
    const fleet = new Fleet(balancer, 'shop');
    for (const name of ['1', '2']) await fleet.admit(name, 'a', 'old');
    await fleet.admit('new', 'b', 'new', 'canary');

    const answers: { readonly startedAt: number; readonly instance: string }[] = [];
    const failures: string[] = [];
    const agent = new Agent();
    const visits = new Set<Promise<void>>();
    const visit = async () => {
      const startedAt = performance.now();
      const { statusCode, body } = await request(url, { headers: { host: 'shop.test' }, dispatcher: agent });
      const text = await body.text();
      if (statusCode === 200) answers.push({ startedAt, instance: (JSON.parse(text) as Echo).instance });
      else failures.push(`${statusCode} ${text}`);
    };
    const pace = setInterval(() => {
      for (let user = 0; user < 3; user += 1) {
        const visiting = visit()
          .catch((error: Error) => void failures.push(error.message))
          .finally(() => visits.delete(visiting));
        visits.add(visiting);
      }
    }, 10);

    const took: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      await balancer.setShare('shop', { basisPoints: 5_000, offset: 0 }, FENCE);
      const from = answers.length;
      await waitUntil('the canary has users', () =>
        answers.slice(from).some(({ instance }) => instance === 'new'),
      );
      const latch = new ShareLatch();
      const raising = latch.raise(async () => {
        await balancer.setShare('shop', { basisPoints: 7_500, offset: 0 }, FENCE);
      });
      const began = performance.now();
      latch.close();
      expect(await takeUsersBack(balancer, 'shop', 0, FENCE, latch)).toEqual([]);
      const answeredAt = performance.now();
      took.push(answeredAt - began);
      await raising;
      await waitUntil(
        'there are users after it',
        () => answers.filter(({ startedAt }) => startedAt > answeredAt).length > 50,
      );
      expect(
        answers.filter(({ startedAt, instance }) => startedAt > answeredAt && instance === 'new'),
      ).toEqual([]);
    }
    clearInterval(pace);
    await Promise.all(visits);
    await agent.close();
    await fleet.close();
    expect(failures).toEqual([]);
    took.sort((one, other) => one - other);
    console.log(
      `HAProxy: taken back in p50 ${took[RUNS / 2]!.toFixed(1)} ms, most ${took.at(-1)!.toFixed(1)} ms; ${answers.length} requests`,
    );
    expect(took[RUNS / 2]).toBeLessThan(250);
  }, 60_000);
});
