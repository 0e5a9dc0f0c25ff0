import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlServer } from '../../../demo/src/demo/control.ts';
import type { LoadGenerator } from '../../../demo/src/load/generator.ts';
import { visitorMix } from '../../../demo/src/load/mix.ts';
import type { ActionKind } from '../../src/rollout/actions.ts';
import { Rehearsal } from './rehearsal.ts';

type Moment = 'before' | 'after';
/** The actions of a canary, and which one of its kind the controller dies at. What it has in common with an update: crash-matrix.test.ts. */
const ACTIONS: readonly (readonly [Moment, ActionKind, number])[] = [
  ['after', 'start', 1],
  ['before', 'set-share', 1],
  ['after', 'set-share', 2],
  ['before', 'promote', 1],
  ['after', 'promote', 1],
  ['after', 'deregister', 2],
];
const HOLD_MS = 700;

let production: Rehearsal;
let load: LoadGenerator;

beforeAll(async () => {
  const steps = `steps: [{ share: 20%, hold: ${HOLD_MS}ms }, { share: 60%, hold: ${HOLD_MS}ms }], bake: ${HOLD_MS}ms`;
  production = await Rehearsal.start({
    instances: 3,
    deploy: `, strategy: canary, ${steps}, judge: { min_requests: 20 }`,
  });
  expect((await production.push()).output).toContain('succeeded');
  load = await production.load(visitorMix());
});

afterAll(async () => {
  await load.stop();
  const { failed, examples } = load.tally.totals();
  expect(await production.end()).toEqual([]);
  expect(failed, examples.join('\n')).toBe(0);
});

describe('no request is lost, nothing is raised before a whole step was looked at, and it ends well', () => {
  it.each(ACTIONS)(
    'where the controller is killed %s a canary’s %s, number %i',
    async (moment, kind, occurrence) => {
      const from = performance.now();
      await production.control.stop();
      production.control = await ControlServer.start(production.workspace, {
        FAIRWAY_CRASH: `${moment}:${kind}:${occurrence}`,
      });
      const killed = production.control;
      const commit = await production.change();
      const pushing = production.push();
      await expect.poll(() => killed.hasEnded, { timeout: 30_000, interval: 20 }).toBe(true);
      const found = (await registry()).share.basisPoints;
      const shares = watchShare();
      const restartedAt = performance.now();
      production.control = await ControlServer.start(production.workspace);
      const { output } = await pushing;
      const seen = await shares.stop();

      expect(output).toContain('succeeded');
      const raised = seen.find(({ basisPoints }) => basisPoints > found);
      if (raised && found > 0) expect(raised.at - restartedAt).toBeGreaterThan(HOLD_MS);
      const { servers, share } = await registry();
      expect(share.basisPoints).toBe(0);
      expect(servers.map(({ side, state, generation }) => [side, state, generation.slice(0, 12)])).toEqual(
        Array.from({ length: 3 }, () => ['baseline', 'serving', commit.slice(0, 12)]),
      );
      const { failed, examples } = load.tally.totals({ from, to: performance.now() });
      expect(failed, examples.join('\n')).toBe(0);
    },
    90_000,
  );
});

async function registry() {
  return (await production.balancer.observe()).pools.hello!;
}

/** Every share that the balancer has from now on. */
function watchShare() {
  const seen: { readonly at: number; readonly basisPoints: number }[] = [];
  const end = new AbortController();
  const watching = (async () => {
    for await (const { pools } of production.balancer.watch(end.signal))
      seen.push({ at: performance.now(), basisPoints: pools.hello!.share.basisPoints });
  })();
  return {
    stop: async () => {
      end.abort();
      await watching;
      return seen;
    },
  };
}
