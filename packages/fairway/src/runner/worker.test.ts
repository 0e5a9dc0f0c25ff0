import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporaryStore } from '../../test/support/temporary-store.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import { parseProduction } from '../config/parse.ts';
import type { App } from '../config/production.ts';
import type { RunningCommand } from '../hosts/hosts.ts';
import type { Plan } from '../rollout/plan.ts';
import type { Store } from '../store/store.ts';
import { Journal } from './journal.ts';
import type { World } from './perform.ts';
import { goalFor, planTo } from './plan-rollout.ts';
import { AppWorker, type WorkerContext } from './worker.ts';

const person = { by: 'ada', why: '' };
let clockAheadMs = 0;
let store: Store;
let workers: AppWorker[];
let errors: unknown[];

beforeEach(() => {
  clockAheadMs = 0;
  store = temporaryStore(() => Date.now() + clockAheadMs);
  workers = [];
  errors = [];
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.close()));
  store.close();
});

/** Hosts on which nothing runs, and a balancer that knows no app. */
function emptyWorld(run?: (signal: AbortSignal) => RunningCommand): World {
  const silence = async function* () {};
  return {
    store,
    hosts: {
      observe: async () => [],
      watch: silence,
      install: async () => {},
      run: (_host: string, _app: string, _launch: unknown, signal: AbortSignal) => run!(signal),
    },
    secrets: { valuesOf: async () => undefined },
    balancer: { observe: async () => ({ revision: 1, at: 0, pools: {} }), watch: silence },
    ports: { from: 20_000, to: 20_010 },
    addressOf: () => '127.0.0.1',
  } as unknown as World;
}

/** A command that ends only when it is told to. */
function hanging(signal: AbortSignal): RunningCommand {
  const exitCode = new Promise<number>((resolve) => signal.addEventListener('abort', () => resolve(143)));
  return { lines: (async function* () {})(), exitCode };
}

function worker(changes: Partial<WorkerContext>): AppWorker {
  const made = new AppWorker('web', {
    world: emptyWorld(),
    journal: new Journal(store),
    holder: `holder-${workers.length}`,
    crash: () => {},
    now: Date.now,
    prepare: async () => ({ plan: nothingToDo() }),
    tidy: async () => {},
    onError: (error) => errors.push(error),
    ...changes,
  });
  workers.push(made);
  return made;
}

function request(): string {
  return store.createRollout({ app: 'web', kind: 'deploy', requestedAt: 1, commit: 'c', ...person }).id;
}

function app(settings = ''): App {
  return parseProduction(`apps: { web: { runtime: node, instances: 1, ${settings} } }`, '/p/fairway.yml')
    .apps[0]!;
}

function nothingToDo(): Plan {
  return planTo(store, app(), { instances: [] });
}

function events(id: string) {
  return store.journal(id).map(({ event }) => event);
}

function ended(id: string) {
  return waitUntil(`${id} has ended`, () => {
    const record = store.rollout(id)!;
    return record.finishedAt !== undefined && record;
  });
}

it('leaves a rollout succeeded whose leftovers could not be removed', async () => {
  const id = request();
  const tidy = async () => {
    throw new Error('EACCES: permission denied');
  };
  worker({ tidy }).poke();
  await waitUntil('it was told', () => errors.length > 0);
  await workers[0]!.close();
  expect((await ended(id)).status).toBe('succeeded');
  expect(events(id).filter(({ type }) => type === 'finished')).toHaveLength(1);
});

it('remembers an abort that was said to a controller which died while it was building', async () => {
  const id = request();
  const { fence } = store.acquireLease('web', 'dead', 0)!;
  store.setStatus(id, 'building');
  store.append('web', id, [{ type: 'abort-requested', ...person }], fence);
  worker({ prepare: () => Promise.reject(new Error('it was built again')) }).poke();
  const { status, outcome } = await ended(id);
  expect(status).toBe('taken-back');
  expect(outcome).toContain('aborted by ada');
});

it('ends a build whose output cannot be recorded, and throws nothing into what brings it', async () => {
  const id = request();
  class FullDisk extends Journal {
    override append(...[name, rollout, said, fence, conclude]: Parameters<Journal['append']>) {
      if (said.some(({ type }) => type === 'build-output')) throw new Error('database or disk is full');
      return super.append(name, rollout, said, fence, conclude);
    }
  }
  let thrown: unknown;
  worker({
    journal: new FullDisk(store),
    prepare: (_record, tell, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('the build was ended')));
        setImmediate(() => {
          try {
            tell({ type: 'build-output', line: 'compiling' });
          } catch (error) {
            thrown = error;
            reject(error);
          }
        });
      }),
  }).poke();
  expect(await ended(id)).toMatchObject({
    status: 'failed',
    outcome: 'database or disk is full; nothing was touched',
  });
  expect(thrown).toBeUndefined();
});

it('waits for the lease like anyone else when it has lost it', async () => {
  const id = request();
  let asked = 0;
  const world = emptyWorld();
  const counting = {
    ...store,
    rollouts: (query: Parameters<Store['rollouts']>[0]) => {
      asked += 1;
      // A loop that leaves nobody else a turn could not be ended from outside.
      if (asked > 500) throw new Error('it asks again and again');
      return store.rollouts(query);
    },
  };
  const unreachable = { ...world.hosts, observe: () => Promise.reject(new Error('no route to host')) };
  worker({ world: { ...world, store: counting, hosts: unreachable } }).poke();
  await waitUntil('it steers', () => events(id).some(({ type }) => type === 'waiting'));

  clockAheadMs = 60_000;
  const lease = store.acquireLease('web', 'other', 3_600_000)!;
  const before = events(id).length;
  const askedBefore = asked;
  await waitUntil('it has noticed', () => asked > askedBefore);
  expect(asked).toBeLessThan(500);
  expect(errors).toEqual([]);
  expect(events(id)).toHaveLength(before);
  // It is there when it may steer again.
  store.releaseLease(lease);
  await waitUntil('it steers again', () => events(id).some(({ type }) => type === 'taken-up'));
});

it('ends a hook that hangs when the rollout is aborted, and goes on with the next one', async () => {
  const hooked = app('deploy: { hooks: { before_deploy: make migrate } }');
  store.addRelease(release('one'));
  let runs = 0;
  const first = request();
  const steered = worker({
    world: emptyWorld((signal) => {
      runs += 1;
      return hanging(signal);
    }),
    prepare: async ({ id }) => ({
      plan: id === first ? planTo(store, hooked, goalFor(store, hooked, 'one')) : nothingToDo(),
    }),
  });
  steered.poke();
  await waitUntil('the hook runs', () => runs === 1);
  const second = request();
  steered.poke();
  expect(steered.command(first, { type: 'abort-requested', ...person })).toBe(true);
  expect((await ended(first)).status).toBe('taken-back');
  expect((await ended(second)).status).toBe('succeeded');
});

it('counts a hook that takes longer than a rollout may stand still as failed, and says so', async () => {
  const hooked = app('deploy: { hooks: { before_deploy: make migrate } }');
  store.addRelease(release('one'));
  const plan = planTo(store, hooked, goalFor(store, hooked, 'one'));
  const id = request();
  const prepare = async () => ({ plan: { ...plan, policy: { ...plan.policy, stallTimeoutMs: 1_000 } } });
  worker({ world: emptyWorld(hanging), prepare }).poke();
  const { status, outcome } = await ended(id);
  expect(status).toBe('taken-back');
  expect(outcome).toMatch(/before_deploy failed: `make migrate` was ended: it took longer than 0\.9 s/);
});

it('does not wait for times that a controller with a clock ahead has written', async () => {
  store.addRelease(release('one'));
  const plan = planTo(store, app(), goalFor(store, app(), 'one'));
  const policy = { ...plan.policy, stallTimeoutMs: 300 };
  const id = request();
  clockAheadMs = 3_600_000;
  store.setStatus(id, 'moving');
  store.append('web', id, [{ type: 'started', plan: { ...plan, policy }, summary: '' }], undefined);
  clockAheadMs = 0;
  const world = emptyWorld();
  const unreachable = { ...world.hosts, observe: () => Promise.reject(new Error('no route to host')) };
  worker({ world: { ...world, hosts: unreachable } }).poke();
  expect((await ended(id)).status).toBe('failed');
});

it('begins no hook once another controller has taken the lease, even before it has noticed', async () => {
  const hooked = app('deploy: { hooks: { before_deploy: make migrate } }');
  store.addRelease(release('one'));
  let runs = 0;
  const id = request();
  worker({
    world: emptyWorld((signal) => {
      runs += 1;
      return hanging(signal);
    }),
    prepare: async () => ({ plan: planTo(store, hooked, goalFor(store, hooked, 'one')) }),
    crash: (moment, kind) => {
      if (moment !== 'before' || kind !== 'hook') return;
      clockAheadMs = 60_000;
      expect(store.acquireLease('web', 'other', 3_600_000)).toBeDefined();
    },
  }).poke();
  await waitUntil('the hook is to begin', () => clockAheadMs > 0);
  await workers[0]!.close();
  expect(runs).toBe(0);
  expect(events(id).map(({ type }) => type)).not.toContain('hook-output');
});

function release(id: string) {
  const facts = { subject: '', author: '', sha256: '', file: '', sizeBytes: 1, builtAt: 1, buildKey: 'k' };
  const launch = { command: ['true'], directory: '.', path: [] };
  return { app: 'web', id, commit: 'c', ...facts, launch };
}
