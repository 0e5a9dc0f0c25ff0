import { afterAll, beforeAll, expect, it } from 'vitest';
import { ControlServer } from '../../../demo/src/demo/control.ts';
import { visitorMix } from '../../../demo/src/load/mix.ts';
import { SHARE_LEASE_MS } from '../../src/runner/keep-share.ts';
import { waitUntil } from '../support/wait-until.ts';
import { Look } from './look.ts';
import { Rehearsal } from './rehearsal.ts';

let production: Rehearsal;

beforeAll(async () => {
  production = await Rehearsal.start({
    instances: 2,
    deploy: ', strategy: canary, steps: [{ share: 50%, hold: manual }], bake: 500ms',
  });
  expect((await production.push()).output).toContain('succeeded');
});

afterAll(async () => {
  expect(await production.end()).toEqual([]);
});

async function share() {
  return (await production.balancer.observe()).pools.hello!.share;
}

it('a canary keeps its users while its controller lives, and loses them by itself once that is gone', async () => {
  await production.change();
  const pushing = production.push();
  await waitUntil('a share', async () => (await share()).basisPoints === 5_000, 30_000);
  const load = await production.load(visitorMix());
  // The lease is renewed: it stands for longer than one.
  const givenAt = performance.now();
  await waitUntil(
    'it to have been renewed',
    () => performance.now() - givenAt > SHARE_LEASE_MS,
    SHARE_LEASE_MS + 5_000,
  );
  expect((await share()).basisPoints).toBe(5_000);
  const killedAt = performance.now();
  await production.control.stop('SIGKILL');
  await waitUntil('the share is 0', async () => (await share()).basisPoints === 0, SHARE_LEASE_MS + 5_000);
  const seconds = (performance.now() - killedAt) / 1000;
  console.log(`the dead man's switch took ${seconds.toFixed(1)} s`);
  expect(seconds * 1000).toBeLessThan(SHARE_LEASE_MS + 1_000);

  production.control = await ControlServer.start(production.workspace);
  const { output } = await pushing;
  expect(output).toContain('the balancer took the users back from the canary by itself');
  expect((await share()).basisPoints).toBe(0);
  expect((await new Look(production).newest()).status).toBe('taken-back');
  await load.stop();
  const { failed, examples } = load.tally.totals();
  expect(failed, examples.join('\n')).toBe(0);
}, 90_000);
