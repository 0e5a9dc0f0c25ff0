import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { idealWorld } from '../../test/support/ideal-world.ts';
import { temporaryStore } from '../../test/support/temporary-store.ts';
import { canaryPlan, generations, planFor } from '../rollout/testing/plans.ts';
import type { Store } from '../store/store.ts';
import { Journal } from './journal.ts';
import { Workers, type WorkersParts } from './workers.ts';

const person = { by: 'ada', why: 'it fails' };
const options = { from: generations.old, to: generations.fresh, instances: 2 };
let store: Store;
let workers: Workers;
/** What was done, in its order. */
let done: string[];

beforeEach(() => {
  store = temporaryStore();
  done = [];
  const journal = new Journal(store);
  const { world } = idealWorld(store);
  const balancer = {
    ...world.balancer,
    setShare: async (_app: string, { basisPoints }: { basisPoints: number }) => {
      done.push(`share ${basisPoints}, ${abortsRecorded()} aborts recorded`);
      return [];
    },
  };
  workers = new Workers({
    world: { ...world, balancer },
    journal,
    now: Date.now,
    secrets: { keep: async () => {} },
    commits: {},
  } as unknown as WorkersParts);
});
afterEach(() => store.close());

function abortsRecorded(): number {
  return store.journalSince(0, 1_000).filter(({ event }) => event.type === 'abort-requested').length;
}

function rollout(plan?: ReturnType<typeof planFor>): string {
  const { id } = store.createRollout({ app: 'web', kind: 'deploy', requestedAt: 1, commit: 'c', ...person });
  if (plan) {
    store.setStatus(id, 'moving');
    store.append('web', id, [{ type: 'started', plan, summary: '' }], undefined);
  }
  return id;
}

function begun(id: string): string {
  store.append('web', id, [{ type: 'canary-begun' }], undefined);
  return id;
}

describe('an abort', () => {
  it('of a canary takes its users back before it is even recorded', async () => {
    await workers.abort(rollout(canaryPlan(options)), person);
    expect(done).toEqual(['share 0, 0 aborts recorded']);
    expect(abortsRecorded()).toBe(1);
  });

  it('of what waits takes nobody from the canary that moves', async () => {
    rollout(canaryPlan(options));
    await workers.abort(rollout(), person);
    expect(done).toEqual([]);
    expect(abortsRecorded()).toBe(1);
  });
});

describe('an alert', () => {
  it('takes the canary back, once however often it comes, and says which balancers could not be told', async () => {
    const id = begun(rollout(canaryPlan(options)));
    expect(await workers.alert('web', person)).toEqual({ rollouts: [id], unreached: [] });
    expect(await workers.alert('web', person)).toEqual({ rollouts: [id], unreached: [] });
    expect(done).toEqual(['share 0, 0 aborts recorded', 'share 0, 1 aborts recorded']);
    expect(abortsRecorded()).toBe(1);
  });

  it('leaves alone what waits, a rolling update, and a repair where nothing old answers', async () => {
    rollout(planFor(options));
    rollout(canaryPlan(options));
    rollout();
    expect(await workers.alert('web', person)).toEqual({ rollouts: [], unreached: [] });
    expect(abortsRecorded()).toBe(0);
  });
});

describe('a promotion', () => {
  it('of what is no canary is refused', () => {
    const id = rollout(planFor(options));
    expect(() => workers.promote(id, person, false)).toThrow(
      `${id} is no canary: there is no step to promote`,
    );
  });
});
