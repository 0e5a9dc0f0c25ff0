import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryStore } from '../../test/support/temporary-store.ts';
import { parseProduction } from '../config/parse.ts';
import type { App } from '../config/production.ts';
import type { Store } from '../store/store.ts';
import { differs, goalFor, keepPinned, planTo, releaseBefore } from './plan-rollout.ts';

let store: Store;
beforeEach(() => {
  store = temporaryStore();
});
afterEach(() => store.close());

function app(settings: string): App {
  return parseProduction(`name: p\napps: { web: { runtime: node, ${settings} } }`, '/p/fairway.yml').apps[0]!;
}

/** Records that `release` became good, with its configuration. */
function stood(release: string, config: App, rollout: string): void {
  const { pin } = keepPinned(store, config);
  store.recordStanding('web', { release, config: pin, rollout, since: 1 });
}

describe('the release to roll back to', () => {
  const config = app('instances: 3');

  it('is the good one before the present one', () => {
    stood('one', config, 'web-1');
    stood('two', config, 'web-2');
    expect(releaseBefore(store, 'web')?.release).toBe('one');
  });

  it('is one further back after a rollback, not the one that was just left', () => {
    stood('one', config, 'web-1');
    stood('two', config, 'web-2');
    stood('three', config, 'web-3');
    stood('two', config, 'web-4');
    expect(releaseBefore(store, 'web')?.release).toBe('one');
  });

  it('is never one that was rolled away from, until it is good again', () => {
    stood('one', config, 'web-1');
    stood('two', config, 'web-2');
    stood('one', config, 'web-3');
    stood('three', config, 'web-4');
    expect(releaseBefore(store, 'web')?.release).toBe('one');
    stood('two', config, 'web-5');
    stood('four', config, 'web-6');
    expect(releaseBefore(store, 'web')?.release).toBe('two');
  });

  it('does not exist before a second good release', () => {
    expect(releaseBefore(store, 'web')).toBeUndefined();
    stood('one', config, 'web-1');
    expect(releaseBefore(store, 'web')).toBeUndefined();
  });
});

describe('a plan', () => {
  const hooked = app('instances: 2, deploy: { hooks: { before_deploy: make migrate } }');

  it('runs migrations for a new release, and not for a new configuration of the same one', () => {
    stood('one', hooked, 'web-1');
    expect(planTo(store, hooked, goalFor(store, hooked, 'two')).hooks.beforeDeploy).toBe(true);
    const changed = app('instances: 2, env: { A: 1 }, deploy: { hooks: { before_deploy: make migrate } }');
    expect(planTo(store, changed, goalFor(store, changed, 'one')).hooks.beforeDeploy).toBe(false);
  });

  it('returns to what stood, with the configuration it stood with', () => {
    stood('one', app('instances: 2, env: { MODE: old }'), 'web-1');
    const next = app('instances: 4, env: { MODE: new }');
    const plan = planTo(store, next, goalFor(store, next, 'two'));
    expect(plan.previous.instances).toHaveLength(2);
    expect(plan.target.instances).toHaveLength(4);
    expect(plan.previous.generation?.split('+')[1]).not.toBe(plan.target.generation?.split('+')[1]);
  });
});

describe('apply', () => {
  it('has something to do when the file differs from what stands, and only then', () => {
    stood('one', app('instances: 2'), 'web-1');
    expect(differs(store, app('instances: 2'))).toBe(false);
    expect(differs(store, app('instances: 3'))).toBe(true);
  });

  it('has nothing to do for an app that was never deployed', () => {
    expect(differs(store, app('instances: 2'))).toBe(false);
  });
});
