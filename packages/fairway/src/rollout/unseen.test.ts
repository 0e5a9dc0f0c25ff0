import { describe, expect, it } from 'vitest';
import { advance } from './advance.ts';
import type { RolloutEvent } from './events.ts';
import { begin, type RolloutState } from './state.ts';
import { generations, planFor } from './testing/plans.ts';
import { decideUnseen, unseenBecause } from './unseen.ts';

const STALL_MS = 60_000;
const abort: RolloutEvent = { type: 'abort-requested', by: 'ada', why: 'wrong day' };

function rollout(...events: readonly RolloutEvent[]): RolloutState {
  const plan = planFor({
    from: generations.old,
    to: generations.fresh,
    instances: 2,
    stallTimeoutMs: STALL_MS,
  });
  const state = begin(plan, 0);
  for (const event of events) advance(state, event, 0);
  return state;
}

const drained: RolloutEvent = {
  type: 'action-intended',
  id: '1-drain',
  action: { kind: 'drain', slot: { app: 'web', instance: '1', slot: 'a' }, timeoutMs: 1 },
};
const turned: RolloutEvent = { type: 'taking-back', reason: 'no luck', evidence: [] };

describe('while it cannot be seen what runs', () => {
  it('a rollout waits until its stall timeout', () => {
    expect(decideUnseen(rollout(drained), STALL_MS - 1)).toBeUndefined();
  });

  it('one that has begun something turns back instead of ending half moved', () => {
    const state = rollout(drained, { type: 'stumbled', reason: 'disk full' });
    const reason = 'no progress for 60 s: disk full';
    expect(decideUnseen(state, STALL_MS)).toEqual({ type: 'taking-back', reason, evidence: [] });
  });

  it('one that has begun nothing ends', () => {
    expect(decideUnseen(rollout(), STALL_MS)).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('nothing was touched'),
    });
  });

  it('an abort turns it back at once, or ends it where nothing was touched', () => {
    expect(decideUnseen(rollout(drained, abort), 0)).toMatchObject({
      type: 'taking-back',
      reason: 'aborted by ada: wrong day',
    });
    expect(decideUnseen(rollout(abort), 0)).toMatchObject({ type: 'finished', outcome: 'taken-back' });
  });

  it('going back never ends by itself, and says the way out', () => {
    const state = rollout(drained, turned);
    expect(decideUnseen(state, 100 * STALL_MS)).toBeUndefined();
    expect(unseenBecause(state, 'no route', 0)).toBe('cannot see what runs: no route');
    expect(unseenBecause(state, 'no route', STALL_MS)).toMatch(/no route; .*fairway abort web$/);
  });

  it('going back is given up only by an abort that was said after it had stood still', () => {
    const state = rollout(drained, turned, abort, abort);
    expect(decideUnseen(state, STALL_MS)).toBeUndefined();
    advance(state, abort, STALL_MS);
    expect(decideUnseen(state, STALL_MS)).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(
        /^no luck; then given up by ada: wrong day; instances may run two releases/,
      ),
    });
  });
});

it('a stumble forgets what was under way, and is no progress', () => {
  const state = rollout(drained);
  advance(state, { type: 'stumbled', reason: 'disk full' }, 5_000);
  expect(state.underWay.size + state.busy.size).toBe(0);
  expect(state).toMatchObject({ lastProgressAt: 0, nextAction: 2, waitingFor: 'disk full' });
});
