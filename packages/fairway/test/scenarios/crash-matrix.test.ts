import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlServer } from '../../../demo/src/demo/control.ts';
import { processesOf } from '../../../demo/src/demo/left-behind.ts';
import type { LoadGenerator } from '../../../demo/src/load/generator.ts';
import { visitorMix } from '../../../demo/src/load/mix.ts';
import type { ActionKind } from '../../src/rollout/actions.ts';
import { Rehearsal } from './rehearsal.ts';

/** Every kind of action that a rolling update journals, and which one of its kind the controller dies at. */
const ACTIONS: readonly (readonly [ActionKind, number])[] = [
  ['install', 1],
  ['hook', 1],
  ['drain', 2],
  ['deregister', 2],
  ['stop', 2],
  ['start', 2],
  ['register', 2],
  ['admit', 2],
  ['declare', 1],
];

let production: Rehearsal;
let load: LoadGenerator;

beforeAll(async () => {
  const hooks = ', hooks: { before_deploy: node --version, after_deploy: node --version }';
  production = await Rehearsal.start({ deploy: hooks });
  expect((await production.push()).output).toContain('succeeded');
  // No slow answers: each drain would wait for one, and there are many drains. load.test.ts has them.
  load = await production.load(visitorMix());
});

afterAll(async () => {
  await load.stop();
  const { failed, examples } = load.tally.totals();
  expect(await production.end()).toEqual([]);
  expect(failed, examples.join('\n')).toBe(0);
});

describe.each(ACTIONS)('the controller is killed at action %s', (kind, occurrence) => {
  it.each(['before', 'after'] as const)(
    '%s its effect: the rollout ends well and no request is lost',
    async (moment) => {
      const from = performance.now();
      await production.control.stop();
      production.control = await ControlServer.start(production.workspace, {
        FAIRWAY_CRASH: `${moment}:${kind}:${occurrence}`,
      });
      const killed = production.control;
      const commit = await production.change();
      const pushing = production.push();
      await expect.poll(() => killed.hasEnded, { timeout: 30_000, interval: 20 }).toBe(true);
      production.control = await ControlServer.start(production.workspace);
      const { output } = await pushing;

      expect(output).toContain('succeeded');
      const serving = [...(await production.serving()).values()];
      expect(serving).toHaveLength(5);
      expect(serving.every((release) => release.startsWith(commit.slice(0, 12)))).toBe(true);
      expect(instanceProcesses(production)).toBe(5);
      const { failed, examples } = load.tally.totals({ from, to: performance.now() });
      expect(failed, examples.join('\n')).toBe(0);
    },
    90_000,
  );
});

function instanceProcesses({ workspace }: Rehearsal): number {
  return processesOf(workspace.folder).filter((command) => /node(\S*)? server\.js/.test(command)).length;
}
