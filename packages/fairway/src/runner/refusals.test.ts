import { afterEach, beforeEach, expect, it } from 'vitest';
import { idealWorld } from '../../test/support/ideal-world.ts';
import { temporaryStore } from '../../test/support/temporary-store.ts';
import { parseProduction } from '../config/parse.ts';
import type { Store } from '../store/store.ts';
import { Refusal } from './controller.ts';
import { type ControllerParts, FairwayController } from './fairway-controller.ts';
import { rollbackTarget } from './rollback-target.ts';
import { runOnce } from './run-once.ts';
import { Workers, type WorkersParts } from './workers.ts';

// What a controller refuses, and exactly what a person reads.

let store: Store;
beforeEach(() => {
  store = temporaryStore();
});
afterEach(() => store.close());

async function told(work: () => unknown) {
  try {
    await work();
  } catch (error) {
    if (error instanceof Refusal) return [error.status, error.message, error.hint];
    throw error;
  }
  return 'nothing was refused';
}

it('a rollback with nothing to go back to', async () => {
  expect(await told(() => rollbackTarget(store, 'web', undefined))).toEqual([
    409,
    'web has no earlier good release to go back to',
    'See what there is: fairway releases web',
  ]);
});

it('a rollback to a release that is not there', async () => {
  expect(await told(() => rollbackTarget(store, 'web', 'abc'))).toEqual([
    404,
    'web has no good release abc',
    'See what there is: fairway releases web',
  ]);
});

it('a command in a release when there is none', async () => {
  const { world } = idealWorld(store);
  expect(await told(() => runOnce(world, 'web', ['ls'], new AbortController().signal))).toEqual([
    409,
    'web has no release yet',
    'Deploy it first: fairway deploy web',
  ]);
});

it('a word to a rollout that is not there, or has ended', async () => {
  const workers = new Workers({ world: { store } } as WorkersParts);
  const event = { type: 'abort-requested', by: 'ada', why: '' } as const;
  expect(await told(() => workers.command('web-1', event))).toEqual([
    404,
    'there is no rollout web-1',
    'List them: fairway rollouts',
  ]);
  const { id } = store.createRollout({ app: 'web', kind: 'deploy', by: 'ada', why: '', requestedAt: 1 });
  store.setStatus(id, 'succeeded', '');
  expect(await told(() => workers.command(id, event))).toEqual([
    409,
    `${id} has ended already: succeeded`,
    undefined,
  ]);
});

it.each(['paused', 'resumed'] as const)('that a rollout which waits is %s', async (type) => {
  const parts = { world: { store }, commits: {}, secrets: { keep: () => undefined } };
  const workers = new Workers(parts as unknown as WorkersParts);
  const { id } = store.createRollout({ app: 'web', kind: 'deploy', by: 'ada', why: '', requestedAt: 1 });
  expect(await told(() => workers.command(id, { type, by: 'ada', why: '' }))).toEqual([
    409,
    `web-1 is queued: it cannot be ${type} now`,
    'Try again when it moves: fairway status',
  ]);
});

it('a deploy of an app that is not in the file, or has no repository', async () => {
  const production = parseProduction('apps: { web: { runtime: node } }', '/p/fairway.yml');
  const controller = new FairwayController({
    world: { store },
    readProduction: async () => production,
  } as ControllerParts);
  const request = { by: 'ada', why: '' };
  expect(await told(() => controller.deployFromRepository('shop', undefined, request))).toEqual([
    404,
    'there is no app shop in /p/fairway.yml',
    'It has: web',
  ]);
  expect(await told(() => controller.deployFromRepository('web', undefined, request))).toEqual([
    422,
    'web has no `repository:` to deploy from',
    'Push to it (fairway remote web), name a folder with --path, or add `repository:` to fairway.yml.',
  ]);
});
