import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporaryStore } from '../../test/support/temporary-store.ts';
import { parseProduction } from '../config/parse.ts';
import { buildKey } from '../config/pin.ts';
import type { Store } from '../store/store.ts';
import { keepPinned } from './plan-rollout.ts';
import { prepare, rollbackPlan } from './prepare.ts';

let store: Store;
beforeEach(() => {
  store = temporaryStore();
});
afterEach(() => store.close());

const production = parseProduction('apps: { web: { runtime: node } }', '/p/fairway.yml');
const [app] = production.apps;

/** A built release of a commit that has stood. */
function stood(release: string, commit: string, rollout: string): void {
  const facts = { subject: '', author: '', sha256: '', file: '', sizeBytes: 1, builtAt: 1 };
  const launch = { command: ['true'], directory: '.', path: [] };
  store.addRelease({ app: 'web', id: release, commit, ...facts, buildKey: buildKey(app!), launch });
  const { pin } = keepPinned(store, app!);
  store.recordStanding('web', { release, config: pin, rollout, since: 1 });
}

function prepared(record: Parameters<typeof prepare>[1]) {
  const build = () => Promise.reject(new Error('nothing was to be built'));
  const context = {
    store,
    production: async () => production,
    build,
    repositoryOf: () => '/none',
    keepSecrets: async () => {},
    now: Date.now,
  };
  return prepare(context, record, () => {}, new AbortController().signal);
}

it('applies to the release that stands when its turn comes, not to the one of when it was asked for', async () => {
  stood('one', 'commit-one', 'web-1');
  const queued = store.createRollout({
    app: 'web',
    kind: 'apply',
    by: 'ada',
    why: '',
    requestedAt: 1,
    commit: 'commit-one',
  });
  stood('two', 'commit-two', 'web-2');
  const { plan } = await prepared(queued);
  expect(plan.target.generation).toMatch(/^two\+/);
});

it('refuses to apply to an app that never had a release', async () => {
  const record = store.createRollout({ app: 'web', kind: 'apply', by: 'ada', why: '', requestedAt: 1 });
  await expect(prepared(record)).rejects.toThrow('web has no release yet that it could be applied to');
});

it('rolls back without the migrations of a release that has had them', () => {
  const hooks = { beforeDeploy: ['make', 'migrate'], afterDeploy: ['make', 'notify'] };
  const hooked = { ...app!, deploy: { ...app!.deploy, hooks } };
  stood('one', 'commit-one', 'web-1');
  stood('two', 'commit-two', 'web-2');
  expect(rollbackPlan(store, hooked, 'one').hooks).toEqual({ beforeDeploy: false, afterDeploy: true });
});
