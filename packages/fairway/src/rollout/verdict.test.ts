import { describe, expect, it } from 'vitest';
import { advance } from './advance.ts';
import { type Decision, decide } from './decide.ts';
import type { RolloutEvent } from './events.ts';
import { Fleet } from './fleet.ts';
import type { SlotObservation } from './observation.ts';
import { begin, goalOf, type RolloutState } from './state.ts';
import { fiveServing, generations, type PlanOptions, planFor, serving } from './testing/plans.ts';
import { HALF_MOVED } from './verdict.ts';

const { old, fresh } = generations;

/** A rollout of two instances in which the release is installed; times in ms since its beginning. */
function rollout(options: Partial<PlanOptions> = {}): RolloutState {
  const state = begin(planFor({ from: old, to: fresh, instances: 2, ...options }), 0);
  advance(state, { type: 'action-intended', id: '1-install', action: install }, 0);
  advance(state, { type: 'action-done', id: '1-install' }, 0);
  return state;
}

const install = { kind: 'install', generation: fresh, hosts: ['local'] } as const;
const slotOf = (instance: string) => ({ app: 'web', instance, slot: 'a' }) as const;

function look(state: RolloutState, now: number, ...slots: SlotObservation[]): Decision {
  const decision = decide(state, new Fleet(goalOf(state), slots, true), now);
  for (const event of decision.events) advance(state, event, now);
  return decision;
}

/** Instance 1 was started by this rollout at `at` and is being checked, not healthy yet. */
function starts(state: RolloutState, at: number): SlotObservation {
  const action = { kind: 'start', slot: slotOf('1'), host: 'local', generation: fresh } as const;
  advance(state, { type: 'action-intended', id: '2-start', action }, at);
  advance(state, { type: 'action-done', id: '2-start' }, at);
  return { ...serving('1', fresh), startedAt: at, pool: 'out', healthy: false };
}

function fails(state: RolloutState, times: number, instance = '1'): void {
  const action = { kind: 'drain', slot: slotOf(instance), timeoutMs: 1 } as const;
  for (let time = 0; time < times; time += 1) {
    advance(state, { type: 'action-intended', id: `${9 + time}-drain`, action }, 0);
    advance(state, { type: 'action-failed', id: `${9 + time}-drain`, reason: 'balancer is away' }, 0);
  }
}

const takenBack = (decision: Decision): string | undefined =>
  decision.events.flatMap((event) => (event.type === 'taking-back' ? [event.reason] : []))[0];

describe('a release is taken back', () => {
  it('when an instance is not healthy within its time, and not a moment before', () => {
    const state = rollout();
    const slot = { ...starts(state, 1_000), lastFailure: '503 after 12 ms' };
    expect(takenBack(look(state, 60_999, slot, serving('2', old)))).toBeUndefined();
    expect(takenBack(look(state, 61_000, slot, serving('2', old)))).toBe(
      '1 was not healthy within 60 s: 503 after 12 ms',
    );
  });

  it('when an instance crashes a third time, however it looks just then', () => {
    const state = rollout();
    const slot = { ...starts(state, 1_000), lastExit: 'exit code 1' };
    expect(takenBack(look(state, 2_000, { ...slot, restarts: 2 }, serving('2', old)))).toBeUndefined();
    expect(takenBack(look(state, 2_000, { ...slot, restarts: 3 }, serving('2', old)))).toBe(
      '1 crashed 3 times: exit code 1',
    );
  });

  it('when an instance that served becomes unhealthy and stays so', () => {
    const state = rollout();
    starts(state, 0);
    const slot = { ...serving('1', fresh), healthy: false, lastFailure: 'connection refused' };
    const noticed: RolloutEvent = { type: 'unhealthy', slot: 'web/1/a', reason: 'connection refused' };
    expect(look(state, 500_000, slot, serving('2', old)).events).toEqual([noticed]);
    expect(takenBack(look(state, 559_999, slot, serving('2', old)))).toBeUndefined();
    expect(takenBack(look(state, 560_000, slot, serving('2', old)))).toBe(
      '1 has been unhealthy for 60 s: connection refused',
    );
  });

  it('but not when it is healthy again in time', () => {
    const state = rollout();
    starts(state, 0);
    const sick = { ...serving('1', fresh), healthy: false };
    look(state, 1_000, sick, serving('2', old));
    expect(look(state, 60_000, serving('1', fresh), serving('2', old)).events).toContainEqual({
      type: 'healthy-again',
      slot: 'web/1/a',
    });
    expect(takenBack(look(state, 61_000, sick, serving('2', old)))).toBeUndefined();
  });

  it('when an action on an instance fails five times in a row, wherever the instance stands', () => {
    const state = rollout({ maxUnavailable: 1 });
    fails(state, 4);
    expect(takenBack(look(state, 1, serving('1', old), serving('2', old)))).toBeUndefined();
    fails(state, 1);
    expect(takenBack(look(state, 1, serving('1', old), serving('2', old)))).toBe('1: balancer is away');
  });

  it('when before_deploy fails', () => {
    const state = rollout({ hooks: { beforeDeploy: true, afterDeploy: false } });
    const action = {
      kind: 'hook',
      hook: 'before_deploy',
      generation: fresh,
      pin: 'p1',
      host: 'local',
    } as const;
    advance(state, { type: 'action-intended', id: '2-hook', action }, 1);
    advance(state, { type: 'action-failed', id: '2-hook', reason: 'exit code 2' }, 2);
    expect(takenBack(look(state, 3, ...fiveServing(old)))).toBe('before_deploy failed: exit code 2');
  });

  it('when somebody says so, before anything else', () => {
    const state = rollout();
    advance(state, { type: 'abort-requested', by: 'ada', why: 'prices are wrong' }, 1);
    const decision = look(state, 1, serving('1', old), serving('2', old));
    expect(takenBack(decision)).toBe('aborted by ada: prices are wrong');
    expect(decision.actions).toEqual([]);
  });

  it('when nothing moves for the stall timeout, naming what it waited for', () => {
    const state = rollout();
    const broken = { ...serving('2', old), process: 'stopping', pool: 'absent' } as const;
    advance(state, { type: 'waiting', reason: '1 of 2 serve' }, 1);
    expect(takenBack(look(state, 599_999, serving('1', old), broken))).toBeUndefined();
    expect(takenBack(look(state, 600_000, serving('1', old), broken))).toBe(
      'no progress for 600 s: 1 of 2 serve',
    );
  });
});

describe('a release is not blamed', () => {
  const dark = [
    { ...serving('1', fresh), pool: 'out', healthy: false },
    { ...serving('2', old), healthy: false },
  ] as const;

  it('for what everything old suffers from as well, and gets its time again afterwards', () => {
    const state = rollout();
    starts(state, 0);
    expect(look(state, 30_000, ...dark).events).toContainEqual({ type: 'shared-trouble' });
    expect(takenBack(look(state, 70_000, ...dark))).toBeUndefined();
    const light = [dark[0], serving('2', old)] as const;
    expect(look(state, 90_000, ...light).events).toContainEqual({ type: 'shared-trouble-over' });
    expect(takenBack(look(state, 149_999, ...light))).toBeUndefined();
    expect(takenBack(look(state, 150_000, ...light))).toBe('1 was not healthy within 60 s');
  });

  it('for crashes from the time when everything else failed', () => {
    const state = rollout();
    starts(state, 0);
    look(state, 1_000, ...dark);
    look(state, 2_000, dark[0], serving('2', old));
    expect(takenBack(look(state, 3_000, { ...dark[0], restarts: 7 }, serving('2', old)))).toBeUndefined();
  });

  it('for crashes of an instance that this rollout did not start', () => {
    const state = rollout();
    const veteran = { ...serving('1', fresh), healthy: false, restarts: 7 };
    expect(takenBack(look(state, 1, veteran, serving('2', old)))).toBeUndefined();
  });

  it('for the time in which no controller looked', () => {
    const state = rollout();
    const slot = starts(state, 0);
    advance(state, { type: 'taken-up', holder: 'b' }, 3_600_000);
    expect(takenBack(look(state, 3_600_000, slot, serving('2', old)))).toBeUndefined();
    expect(takenBack(look(state, 3_660_000, slot, serving('2', old)))).toBe('1 was not healthy within 60 s');
  });

  it('for not being checked yet', () => {
    const state = rollout();
    const slot = { ...starts(state, 0), pool: 'absent' } as const;
    expect(takenBack(look(state, 61_000, slot, serving('2', old)))).toBeUndefined();
  });
});

describe('while everything old is unhealthy', () => {
  const sick = ['1', '2', '3'].map((name) => ({ ...serving(name, old), healthy: false }));

  it('one instance is tried first, for the others may recover by themselves', () => {
    const actions = look(rollout({ instances: 3 }), 1, ...sick).actions;
    expect(actions.map(({ id }) => id)).toEqual(['2-drain']);
  });

  it('the others follow together once the new one serves', () => {
    const [, ...others] = sick;
    const actions = look(rollout({ instances: 3 }), 1, serving('1', fresh), ...others).actions;
    expect(actions.map(({ id }) => id)).toEqual(['2-drain', '3-drain']);
  });
});

describe('a pause', () => {
  const paused = (): RolloutState => {
    const state = rollout();
    advance(state, { type: 'paused', by: 'ada', why: '' }, 1);
    return state;
  };

  it('lets no further instance be touched, says so once, and never stalls', () => {
    const state = paused();
    const decision = look(state, 2, serving('1', old), serving('2', old));
    expect(decision.actions).toEqual([]);
    expect(decision.events).toEqual([{ type: 'waiting', reason: 'paused; go on with: fairway resume web' }]);
    expect(look(state, 10_000_000, serving('1', old), serving('2', old)).events).toEqual([]);
  });

  it('lets the instance under way be completed', () => {
    const state = paused();
    const slot = starts(state, 2);
    const { actions } = look(state, 3, { ...slot, healthy: true }, serving('2', old));
    expect(actions.map(({ action }) => action.kind)).toEqual(['admit']);
  });

  it('keeps the rollout from its end', () => {
    const state = paused();
    const world = [serving('1', fresh), serving('2', fresh)];
    const [declare] = look(state, 2, ...world).actions;
    advance(state, { type: 'action-done', id: declare!.id }, 3);
    const ends = (decision: Decision) => decision.events.some(({ type }) => type === 'finished');
    expect(ends(look(state, 4, ...world))).toBe(false);
    advance(state, { type: 'resumed', by: 'ada', why: '' }, 5);
    expect(ends(look(state, 5, ...world))).toBe(true);
  });
});

describe('the reason to wait', () => {
  it('names who else is missing, not what the rollout itself is busy with', () => {
    const state = rollout({ instances: 3 });
    const slot = starts(state, 1);
    const healthy = [serving('2', old), serving('3', old)];
    expect(look(state, 2, slot, ...healthy).events).toEqual([]);
    const draining = { ...serving('3', old), pool: 'draining' } as const;
    expect(look(state, 3, slot, serving('2', old), draining).events).toEqual([
      {
        type: 'waiting',
        reason: '1 of 3 serve (not 3); the next one is touched when enough do',
      },
    ]);
    expect(look(state, 4, slot, serving('2', old), draining).events).toEqual([]);
  });
});

describe('taking back', () => {
  const back: RolloutEvent = { type: 'taking-back', reason: 'it crashed', evidence: [] };

  it('ends at once where nothing was touched, without asking the hosts for anything', () => {
    const state = rollout();
    advance(state, back, 1);
    expect(look(state, 2, serving('1', old), serving('2', old))).toMatchObject({
      actions: [],
      events: [{ type: 'finished', outcome: 'taken-back', reason: 'it crashed' }],
    });
  });

  it('fails, and says both reasons, when nothing moves any more', () => {
    const state = rollout();
    advance(state, back, 1);
    expect(look(state, 600_001, serving('1', fresh), serving('2', old)).events).toEqual([
      {
        type: 'finished',
        outcome: 'failed',
        reason: `it crashed; then, taking it back: no progress for 600 s; ${HALF_MOVED}`,
      },
    ]);
  });
});

describe('an after_deploy that fails', () => {
  it('takes nothing back: the release serves, and the end says what failed', () => {
    const state = rollout({ hooks: { beforeDeploy: false, afterDeploy: true } });
    const world = [serving('1', fresh), serving('2', fresh)];
    const [declare] = look(state, 1, ...world).actions;
    advance(state, { type: 'action-done', id: declare!.id }, 2);
    const [hook] = look(state, 3, ...world).actions;
    expect(hook!.action).toMatchObject({ kind: 'hook', hook: 'after_deploy' });
    advance(state, { type: 'action-failed', id: hook!.id, reason: 'exit code 1' }, 4);
    expect(look(state, 5, ...world).events).toEqual([
      { type: 'finished', outcome: 'succeeded', reason: 'after_deploy failed: exit code 1' },
    ]);
  });
});
