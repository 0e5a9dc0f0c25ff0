import { describe, expect, it } from 'vitest';
import type { Action } from './actions.ts';
import { advance, replay } from './advance.ts';
import type { RolloutEvent } from './events.ts';
import { begin, goalOf, type RolloutState } from './state.ts';
import { generations, planFor } from './testing/plans.ts';

const { old, fresh } = generations;
const plan = planFor({ from: old, to: fresh, instances: 5 });
const slot = { app: 'web', instance: '1', slot: 'a' } as const;
const start: Action = { kind: 'start', slot, host: 'local', generation: fresh };
const admit: Action = { kind: 'admit', slot };

/** A rollout begun at 0, after the events at their times. */
function after(...events: readonly (readonly [at: number, event: RolloutEvent])[]): RolloutState {
  const state = begin(plan, 0);
  for (const [at, event] of events) advance(state, event, at);
  return state;
}

const intended = (id: string, action: Action): RolloutEvent => ({ type: 'action-intended', id, action });
const failed = (id: string): RolloutEvent => ({ type: 'action-failed', id, reason: 'no port is free' });
const done = (id: string): RolloutEvent => ({ type: 'action-done', id });

describe('a journal', () => {
  it('tells nothing before its rollout has started', () => {
    expect(replay([{ at: 0, event: { type: 'build-started', commit: 'c0ffee' } }])).toBeUndefined();
  });

  it('gives the same state when it is read again', () => {
    const events: [number, RolloutEvent][] = [
      [1, intended('1-start', start)],
      [2, failed('1-start')],
      [3, intended('2-start', start)],
    ];
    const journal = [{ at: 0, event: { type: 'started', plan, summary: '' } as const }].concat(
      events.map(([at, event]) => ({ at, event })) as never,
    );
    expect(replay(journal)).toEqual(after(...events));
  });

  it('never gives an action number twice, not even after a crash', () => {
    const state = after([1, intended('7-start', start)], [2, { type: 'taken-up', holder: 'b' }]);
    expect(state.nextAction).toBe(8);
  });
});

describe('an action', () => {
  it('is under way, and its slot busy, until it is done', () => {
    const state = after([1, intended('1-start', start)]);
    expect(state.busy).toEqual(new Set(['1']));
    advance(state, done('1-start'), 2);
    expect(state.underWay.size + state.busy.size).toBe(0);
    expect(state.lastProgressAt).toBe(2);
  });

  it('is tried again after 0.5 s, then twice as long each time, at most 15 s', () => {
    const state = begin(plan, 0);
    const delays = Array.from({ length: 7 }, (_, index) => {
      advance(state, intended(`${index}-start`, start), 0);
      advance(state, failed(`${index}-start`), 0);
      return state.slots.get('web/1/a')?.retryAt;
    });
    expect(delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  });

  it('is forgiven its failures once it succeeds', () => {
    const state = after([1, intended('1-start', start)], [2, failed('1-start')]);
    advance(state, intended('2-start', start), 600);
    advance(state, done('2-start'), 700);
    expect(state.slots.get('web/1/a')).toEqual({ failures: 0, startedAt: 700 });
    expect(state.retrying.size).toBe(0);
  });

  it('is no progress when it fails', () => {
    expect(after([1, intended('1-start', start)], [2, failed('1-start')]).lastProgressAt).toBe(0);
  });

  it('that a dead controller began is under way no more, and may have had its effect', () => {
    const state = after([1, intended('1-admit', admit)], [9, { type: 'taken-up', holder: 'b' }]);
    expect(state.underWay.size + state.busy.size).toBe(0);
    expect(state.lastAdmissionAt).toBe(9);
    expect(state.watchedSince).toBe(9);
  });

  it('counts the soak from a failed admission too, for that may have had its effect', () => {
    expect(after([1, intended('1-admit', admit)], [5, failed('1-admit')]).lastAdmissionAt).toBe(5);
  });

  it('that declares routes leaves it open which stand, until it is done', () => {
    const state = after([1, intended('1-declare', { kind: 'declare', pin: 'pin-new' })]);
    expect(state).toMatchObject({ routesTouched: true });
    expect(state.declaredPin).toBeUndefined();
    advance(state, done('1-declare'), 2);
    expect(state.declaredPin).toBe('pin-new');
  });
});

describe('hooks', () => {
  const hook: Action = { kind: 'hook', hook: 'before_deploy', generation: fresh, pin: 'p1', host: 'local' };

  it('are remembered as done, or as failed with the reason, and are not tried again', () => {
    expect(after([1, intended('1-hook', hook)], [2, done('1-hook')]).hooks.get('before_deploy')).toBe('done');
    const state = after([1, intended('1-hook', hook)], [2, failed('1-hook')]);
    expect(state.hooks.get('before_deploy')).toEqual({ failed: 'no port is free' });
    expect(state.whole.retryAt).toBeUndefined();
  });
});

describe('taking back', () => {
  const back: RolloutEvent = { type: 'taking-back', reason: 'it crashed', evidence: [] };

  it('turns the goal around for good', () => {
    const state = after([1, back]);
    expect(goalOf(state)).toBe(plan.previous);
    advance(state, { type: 'taken-up', holder: 'b' }, 2);
    expect(goalOf(state)).toBe(plan.previous);
  });

  it('ends a pause, and begins without the failures of the way forward', () => {
    const state = after(
      [1, { type: 'paused', by: 'ada', why: '' }],
      [2, intended('1-start', start)],
      [3, failed('1-start')],
      [4, { type: 'unhealthy', slot: 'web/2/a', reason: '503' }],
      [5, back],
    );
    expect(state.paused).toBe(false);
    expect(state.slots.get('web/1/a')).toEqual({ failures: 0, startedAt: 2 });
    expect([...state.unhealthy, ...state.retrying]).toEqual([]);
    expect(state.lastProgressAt).toBe(5);
  });
});

describe('an operator', () => {
  it('is named by the first abort; a second changes nothing', () => {
    const abort = (by: string): RolloutEvent => ({ type: 'abort-requested', by, why: '' });
    expect(after([1, abort('ada')], [2, abort('bob')]).abort).toEqual({ by: 'ada', why: '' });
  });

  it('who aborts while it is paused on the way back lets it go on', () => {
    const back: RolloutEvent = { type: 'taking-back', reason: 'no luck', evidence: [] };
    const state = after(
      [1, back],
      [2, { type: 'paused', by: 'ada', why: '' }],
      [9_000, { type: 'abort-requested', by: 'ada', why: '' }],
    );
    expect(state).toMatchObject({ direction: 'back', paused: false, lastProgressAt: 9_000 });
  });

  it('who resumes gives the rollout its whole time again, and its old reason to wait is gone', () => {
    const state = after(
      [1, { type: 'paused', by: 'ada', why: '' }],
      [2, { type: 'waiting', reason: 'paused; go on with: fairway resume web' }],
      [9_000, { type: 'resumed', by: 'ada', why: '' }],
    );
    expect(state).toMatchObject({ paused: false, lastProgressAt: 9_000 });
    expect(state.waitingFor).toBeUndefined();
  });
});

describe('an unhealthy instance', () => {
  const unhealthy: RolloutEvent = { type: 'unhealthy', slot: 'web/1/a', reason: '503' };

  it('is unhealthy since it was first seen so', () => {
    expect(after([3, unhealthy], [4, unhealthy]).slots.get('web/1/a')?.unhealthySince).toBe(3);
  });

  it('is forgotten once it is healthy again; to go up and down is no progress', () => {
    const state = after([3, unhealthy], [4, { type: 'healthy-again', slot: 'web/1/a' }]);
    expect(state.slots.get('web/1/a')).toEqual({ failures: 0 });
    expect(state.unhealthy.size).toBe(0);
    expect(state.lastProgressAt).toBe(0);
  });
});
