import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporaryStore } from '../../test/support/temporary-store.ts';
import type { RolloutEvent } from '../rollout/events.ts';
import type { Lease, Store } from '../store/store.ts';
import { Journal } from './journal.ts';

let store: Store;
let journal: Journal;
let lease: Lease;
beforeEach(() => {
  store = temporaryStore();
  journal = new Journal(store);
  lease = store.acquireLease('web', 'test', 60_000)!;
});
afterEach(() => store.close());

const waiting = (reason: string): RolloutEvent => ({ type: 'waiting', reason });
const finished: RolloutEvent = { type: 'finished', outcome: 'succeeded', reason: '' };

function rollout(): string {
  return store.createRollout({ app: 'web', kind: 'deploy', by: 'ann', why: '', requestedAt: 1 }).id;
}

async function follow(after: number, id: string | undefined, most = 100): Promise<string[]> {
  const seen: string[] = [];
  for await (const { event } of journal.follow(after, id, AbortSignal.timeout(5000))) {
    seen.push(event.type === 'waiting' ? event.reason : event.type);
    if (seen.length === most) break;
  }
  return seen;
}

it('tells a follower what was and then what comes, and ends with the rollout', async () => {
  const id = rollout();
  journal.append('web', id, [waiting('one')], lease.fence);
  const following = follow(0, id);
  journal.append('web', id, [waiting('two')], lease.fence);
  await Promise.resolve();
  journal.append('web', id, [waiting('three'), finished], lease.fence);
  expect(await following).toEqual(['one', 'two', 'three', 'finished']);
});

it('tells only of the rollout that is asked for', async () => {
  const [first, second] = [rollout(), rollout()];
  journal.append('web', first, [waiting('of the first'), finished], lease.fence);
  journal.append('web', second, [waiting('of the second'), finished], lease.fence);
  expect(await follow(0, second)).toEqual(['of the second', 'finished']);
});

it('ends at once for a rollout whose end the follower has seen already', async () => {
  const id = rollout();
  const last = journal.append('web', id, [waiting('one'), finished], lease.fence).at(-1)!;
  expect(await follow(last.sequence, id)).toEqual([]);
});

it('goes on behind the entry that was seen last', async () => {
  const id = rollout();
  const [one] = journal.append('web', id, [waiting('one'), waiting('two'), finished], lease.fence);
  expect(await follow(one!.sequence, id)).toEqual(['two', 'finished']);
});

it('lets followers see an event only when what follows from it is done', async () => {
  const id = rollout();
  const following = follow(0, id);
  journal.append('web', id, [finished], lease.fence, () => store.setStatus(id, 'succeeded', 'well'));
  await following;
  expect(store.rollout(id)?.status).toBe('succeeded');
});

it('refuses what a controller without the lease wants to record', () => {
  const id = rollout();
  expect(() => journal.append('web', id, [waiting('one')], lease.fence - 1)).toThrow(/superseded/);
  expect(journal.of(id)).toEqual([]);
});
