import { describe, expect, it } from 'vitest';
import { advance } from './advance.ts';
import { decide } from './decide.ts';
import { Fleet } from './fleet.ts';
import type { SlotObservation } from './observation.ts';
import { preview } from './preview.ts';
import { begin, goalOf, type RolloutState } from './state.ts';
import { fiveServing, generations, planFor, serving } from './testing/plans.ts';

const { old, fresh } = generations;
const away = (slot: SlotObservation): SlotObservation => ({ ...slot, process: 'unknown' });

/** A rollout of five in which the release is installed. */
function rollout(surge = 0): RolloutState {
  const state = begin(planFor({ from: old, to: fresh, instances: 5, surge }), 0);
  const action = { kind: 'install', generation: fresh, hosts: ['local'] } as const;
  advance(state, { type: 'action-intended', id: '1-install', action }, 0);
  advance(state, { type: 'action-done', id: '1-install' }, 0);
  return state;
}

const look = (state: RolloutState, ...slots: SlotObservation[]) =>
  decide(state, new Fleet(goalOf(state), slots, true), 1_000);

const touched = (decision: ReturnType<typeof look>) =>
  decision.actions.map(({ action }) => `${action.kind} ${'slot' in action ? action.slot.instance : ''}`);

describe('an instance whose host cannot be reached', () => {
  const [first, second, third, ...others] = fiveServing(old) as [
    SlotObservation,
    SlotObservation,
    SlotObservation,
    ...SlotObservation[],
  ];

  it('is left alone and counts as serving while the balancer says so: the others go on', () => {
    expect(touched(look(rollout(), away(first), second, third, ...others))).toEqual(['drain 2']);
    expect(touched(look(rollout(5), away(first), second, third, ...others))).toEqual([
      'start 2',
      'start 3',
      'start 4',
      'start 5',
    ]);
  });

  it('counts as missing when the balancer cannot reach it either: no other is taken out, and it is said why', () => {
    const decision = look(rollout(), { ...away(first), healthy: false }, second, third, ...others);
    expect(decision.actions).toEqual([]);
    expect(decision.events).toEqual([{ type: 'waiting', reason: 'the hosts of 1 cannot be reached' }]);
  });

  it('is waited for when it is the last one that is old', () => {
    const updated = ['2', '3', '4', '5'].map((name) => serving(name, fresh));
    const decision = look(rollout(), away(first), ...updated);
    expect(decision.actions).toEqual([]);
    expect(decision.events).toContainEqual({ type: 'waiting', reason: 'the hosts of 1 cannot be reached' });
  });

  it('needs nothing more when it was updated before its host went away', () => {
    const updated = ['1', '2', '3', '4', '5'].map((name) => serving(name, fresh));
    const decision = look(rollout(), away(updated[0]!), ...updated.slice(1));
    expect(touched(decision)).toEqual(['declare ']);
  });

  it('is taken to come back when a plan is told', () => {
    const plan = planFor({ from: old, to: fresh, instances: 5 });
    const kinds = preview(plan, [away(first), second, third, ...others], true).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'start')).toHaveLength(5);
  });
});
