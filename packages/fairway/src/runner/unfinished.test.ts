import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type IdealWorld, idealWorld, serving } from '../../test/support/ideal-world.ts';
import { temporaryStore } from '../../test/support/temporary-store.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import { parseProduction } from '../config/parse.ts';
import type { RolloutEvent } from '../rollout/events.ts';
import type { Plan } from '../rollout/plan.ts';
import type { Store } from '../store/store.ts';
import { Journal } from './journal.ts';
import { goalFor, planTo } from './plan-rollout.ts';
import { AppWorker, type WorkerContext } from './worker.ts';

/** What could leave a rollout half moved: errors of ours, of the store, of what cannot be seen, and lost leases. */
const person = { by: 'ada', why: '' };
const text = 'apps: { web: { runtime: node, instances: 2 } }';
const app = parseProduction(text, '/p/fairway.yml').apps[0]!;
let store: Store;
let ideal: IdealWorld;
let worker: AppWorker;
let errors: unknown[];
let clockAheadMs: number;
/** An update that waits longer than any test. */
let patient: Plan;

beforeEach(async () => {
  clockAheadMs = 0;
  store = temporaryStore(() => Date.now() + clockAheadMs);
  ideal = idealWorld(store);
  errors = [];
  for (const id of ['old', 'new']) store.addRelease(release(id));
  worker = steering({});
  await ended(request('old'));
  expect(serving(ideal)).toEqual({ 1: 'old', 2: 'old' });
  const plan = planFor('new');
  patient = { ...plan, policy: { ...plan.policy, stallTimeoutMs: 600_000 } };
});
afterEach(async () => {
  await worker.close();
  store.close();
});

/** Deploys the release named as the commit. */
function steering(changes: Partial<WorkerContext>): AppWorker {
  return new AppWorker('web', {
    world: ideal.world,
    journal: new Journal(store),
    holder: 'one',
    crash: () => {},
    now: () => Date.now() + clockAheadMs,
    prepare: async ({ commit }) => ({ plan: planFor(commit!) }),
    tidy: async () => {},
    onError: (error) => errors.push(error),
    ...changes,
  });
}

function planFor(release: string): Plan {
  const plan = planTo(store, app, goalFor(store, app, release));
  return { ...plan, policy: { ...plan.policy, stallTimeoutMs: 1_000 } };
}

function request(commit: string): string {
  const { id } = store.createRollout({ app: 'web', kind: 'deploy', requestedAt: 1, commit, ...person });
  worker.poke();
  return id;
}

function ended(id: string) {
  return waitUntil(`${id} has ended`, () => {
    const record = store.rollout(id)!;
    return record.finishedAt !== undefined && record;
  });
}

function told(id: string, type: string): boolean {
  return store.journal(id).some(({ event }) => event.type === type);
}

function release(id: string) {
  const facts = { subject: '', author: '', sha256: '', file: '', sizeBytes: 1, builtAt: 1, buildKey: 'k' };
  return { app: 'web', id, commit: id, ...facts, launch: { command: ['true'], directory: '.', path: [] } };
}

/** A store whose journal takes nothing while `isFull` says so. */
function storeThatMayBeFull(isFull: (events: readonly RolloutEvent[]) => boolean): Store {
  return {
    ...store,
    append: (app, id, events, fence) => {
      if (isFull(events)) throw new Error('database or disk is full');
      return store.append(app, id, events, fence);
    },
  };
}

async function steerWith(changes: Partial<WorkerContext>): Promise<void> {
  await worker.close();
  worker = steering(changes);
}

describe('a rollout that has touched something', () => {
  it('goes on after a record that failed', async () => {
    let fails = 1;
    const full = storeThatMayBeFull(([event]) => event?.type === 'action-done' && fails-- > 0);
    await steerWith({ journal: new Journal(full) });
    const id = request('new');
    expect((await ended(id)).status).toBe('succeeded');
    expect(told(id, 'stumbled')).toBe(true);
    expect(errors).toEqual([new Error('database or disk is full')]);
    expect(serving(ideal)).toEqual({ 1: 'new', 2: 'new' });
  });

  it('stays unfinished while nothing at all can be recorded, and goes on afterwards', async () => {
    let isFull = false;
    await steerWith({
      journal: new Journal(storeThatMayBeFull(() => isFull)),
      crash: (moment, kind) => {
        if (moment === 'after' && kind === 'drain' && errors.length === 0) isFull = true;
      },
    });
    const id = request('new');
    await waitUntil('it failed twice', () => errors.length >= 2);
    expect(store.rollout(id)?.status).toBe('moving');
    isFull = false;
    expect((await ended(id)).status).not.toBe('failed');
    expect(new Set(Object.values(serving(ideal))).size).toBe(1);
  });

  it('is taken back from a mistake of ours that stays', async () => {
    let drains = 0;
    let id = '';
    await steerWith({
      crash: (moment, kind) => {
        if (moment !== 'before' || kind !== 'drain') return;
        drains += 1;
        if (drains > 1 && !told(id, 'taking-back')) throw new TypeError('it is not a function');
      },
    });
    id = request('new');
    const { status, outcome } = await ended(id);
    expect(status).toBe('taken-back');
    expect(outcome).toBe('no progress for 1 s: it is not a function');
    expect(serving(ideal)).toEqual({ 1: 'old', 2: 'old' });
  });

  it('turns back when it cannot see for too long, and ends only when it can', async () => {
    let isDark = false;
    ideal.beforeLook = () => {
      if (isDark) throw new Error('no route to host');
    };
    await steerWith({
      crash: (moment, kind) => {
        if (moment === 'after' && kind === 'admit') isDark = true;
      },
    });
    const id = request('new');
    await waitUntil('it turned back', () => told(id, 'taking-back'));
    const isStill = () =>
      store.journal(id).some(({ event }) => JSON.stringify(event).includes('fairway abort'));
    await waitUntil('it says that it waits, and the way out', isStill);
    expect(store.rollout(id)?.status).toBe('moving');
    await steerWith({});
    isDark = false;
    worker.poke();
    expect((await ended(id)).status).toBe('taken-back');
    expect(serving(ideal)).toEqual({ 1: 'old', 2: 'old' });
  });
});

it('a rollout that never saw anything fails, and has touched nothing', async () => {
  ideal.beforeLook = () => {
    throw new Error('no route to host');
  };
  const { status, outcome } = await ended(request('new'));
  expect(status).toBe('failed');
  expect(outcome).toBe('no progress for 1 s: cannot see what runs: no route to host; nothing was touched');
});

describe('an abort is kept and obeyed', () => {
  const abort = { type: 'abort-requested', ...person } as const;

  it('while hosts do not answer', async () => {
    let isDark = false;
    let id = '';
    ideal.beforeLook = () => {
      if (isDark) throw new Error('no route to host');
    };
    await steerWith({
      prepare: async () => ({ plan: patient }),
      crash: (moment, kind) => {
        if (moment === 'after' && kind === 'admit' && !told(id, 'taking-back')) isDark = true;
      },
    });
    id = request('new');
    await waitUntil('it sees nothing', () => told(id, 'waiting'));
    expect(worker.command(id, abort)).toBe(true);
    await waitUntil('it turned back', () => told(id, 'taking-back'));
    isDark = false;
    expect((await ended(id)).outcome).toBe('aborted by ada');
    expect(serving(ideal)).toEqual({ 1: 'old', 2: 'old' });
  });

  it('in the first seconds after a restart, while the dead controller still has the lease', async () => {
    const id = await halfMoved();
    worker = steering({ holder: 'two' });
    worker.poke();
    expect(worker.command(id, abort)).toBe(true);
    expect(told(id, 'abort-requested')).toBe(true);
    clockAheadMs += 60_000;
    expect((await ended(id)).outcome).toBe('aborted by ada');
    expect(serving(ideal)).toEqual({ 1: 'old', 2: 'old' });
  });

  it('by the controller that takes over, when this one has just lost the lease', async () => {
    const id = await halfMoved();
    worker = steering({ holder: 'two' });
    expect(worker.command(id, abort)).toBe(true);
    await worker.close();
    clockAheadMs += 60_000;
    worker = steering({ holder: 'three' });
    worker.poke();
    expect((await ended(id)).outcome).toBe('aborted by ada');
  });

  it('of what waits, before the lease is there', async () => {
    const id = await halfMoved();
    const next = store.createRollout({
      app: 'web',
      kind: 'apply',
      requestedAt: 1,
      commit: 'new',
      ...person,
    }).id;
    worker = steering({ holder: 'two' });
    worker.poke();
    expect(worker.command(next, abort)).toBe(true);
    clockAheadMs += 60_000;
    expect((await ended(next)).outcome).toBe('aborted by ada; nothing was touched');
    expect(store.journal(next).map(({ event }) => event.type)).toContain('requested');
    expect((await ended(id)).status).toBe('succeeded');
  });

  it('and not of what has ended', async () => {
    const id = request('new');
    await ended(id);
    expect(worker.command(id, abort)).toBe(false);
  });
});

/** A rollout whose controller died after the first instance was done, and whose lease has not run out. */
async function halfMoved(): Promise<string> {
  await steerWith({
    prepare: async () => ({ plan: patient }),
    crash: (moment, kind) => {
      if (moment === 'after' && kind === 'admit') void worker.close();
    },
  });
  const id = request('new');
  await waitUntil('one instance is done', () => serving(ideal)[1] === 'new');
  await worker.close();
  expect(store.acquireLease('web', 'dead', 60_000)).toBeDefined();
  expect(store.rollout(id)?.status).toBe('moving');
  return id;
}
