import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryStore } from '../../test/support/temporary-store.ts';
import { parseProduction } from '../config/parse.ts';
import type { App } from '../config/production.ts';
import type { RolloutKind, Store } from '../store/store.ts';
import { adoptions } from './apply.ts';
import { goalFor, keepPinned, planTo } from './plan-rollout.ts';

let store: Store;
beforeEach(() => {
  store = temporaryStore();
});
afterEach(() => store.close());

function app(instances: number): App {
  const text = `apps: { web: { runtime: node, instances: ${instances} } }`;
  return parseProduction(text, '/p/fairway.yml').apps[0]!;
}

function stood(config: App): void {
  const facts = { subject: '', author: '', sha256: '', file: '', sizeBytes: 1, builtAt: 1, buildKey: 'k' };
  const launch = { command: ['true'], directory: '.', path: [] };
  store.addRelease({ app: 'web', id: 'one', commit: 'c1', ...facts, launch });
  const { pin } = keepPinned(store, config);
  store.recordStanding('web', { release: 'one', config: pin, rollout: 'web-0', since: 1 });
}

function open(kind: RolloutKind, config?: App): void {
  const { id } = store.createRollout({ app: 'web', kind, by: 'ada', why: '', requestedAt: 1 });
  if (!config) return;
  const plan = planTo(store, config, goalFor(store, config, 'two'));
  store.setStatus(id, 'moving');
  store.append('web', id, [{ type: 'started', plan, summary: '' }], undefined);
}

const kinds = (...apps: readonly App[]) => adoptions(store, apps).map(({ kind }) => kind);

describe('adopting the file', () => {
  it('needs nothing where it stands already, and one rollout where it does not', () => {
    stood(app(2));
    expect(adoptions(store, [app(2)])).toEqual([]);
    expect(adoptions(store, [app(3)])).toEqual([{ app: 'web', kind: 'apply', commit: 'c1' }]);
  });

  it('needs one when what is under way brings another configuration, though what stands is the same', () => {
    stood(app(2));
    open('deploy', app(3));
    expect(kinds(app(2))).toEqual(['apply']);
  });

  it('needs one also during a first deploy', () => {
    open('deploy', app(3));
    expect(adoptions(store, [app(2)])).toEqual([{ app: 'web', kind: 'apply' }]);
    expect(adoptions(store, [app(3)])).toEqual([]);
  });

  it('needs one when the app is in the file again, and waits to be removed or is being removed', () => {
    stood(app(2));
    open('remove');
    expect(kinds(app(2))).toEqual(['apply']);
  });

  it('needs one after a rollback that waits, and none after a deploy that waits and will read the file', () => {
    stood(app(2));
    open('deploy');
    expect(kinds(app(2))).toEqual([]);
    open('rollback');
    expect(kinds(app(2))).toEqual(['apply']);
  });

  it('removes what is not in the file any more, once, also during its first deploy', () => {
    expect(kinds()).toEqual([]);
    open('deploy', app(2));
    expect(kinds()).toEqual(['remove']);
    open('remove');
    expect(kinds()).toEqual([]);
  });
});
