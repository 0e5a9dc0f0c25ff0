import type { Action } from './actions.ts';
import { advance } from './advance.ts';
import { decide } from './decide.ts';
import { describeAction } from './describe.ts';
import { Fleet } from './fleet.ts';
import { afterAction, afterAWhile, afterPromotion } from './ideal.ts';
import type { SlotObservation } from './observation.ts';
import type { Plan } from './plan.ts';
import { type SlotId, slotId } from './slot.ts';
import { begin, goalOf } from './state.ts';

/** A plan that needs more rounds than this has no end: a bug in the decisions, not in the plan. */
const MOST_ROUNDS = 1_000_000;

/**
 * What a rollout would do, in order, if all went well: found by deciding it from the present observation, in a world where
 * each action works at once. So a plan shows what would be done, not what somebody wrote about it.
 */
export function preview(plan: Plan, slots: readonly SlotObservation[], declared: boolean): readonly Action[] {
  const world = new Map<SlotId, SlotObservation>(slots.map((slot) => [slotId(slot.slot), slot]));
  const state = begin(plan, 0);
  const steps: Action[] = [];
  let fleet = new Fleet(goalOf(state), slots, declared);
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    // Each round is late enough for the soak of the one before.
    const now = round * (1 + plan.policy.soakMs);
    const { events, actions } = decide(state, fleet, now);
    for (const event of events) advance(state, event, now);
    if (state.finished) return steps;
    if (actions.length + events.length === 0)
      for (const [id, slot] of world) {
        world.set(id, afterAWhile(slot));
        fleet.see(afterAWhile(slot));
      }
    for (const { id, action } of actions) {
      steps.push(action);
      if ('slot' in action) {
        const slot = afterAction(world.get(slotId(action.slot)), action, now);
        world.set(slotId(action.slot), slot);
        fleet.see(slot);
      }
      if (action.kind === 'declare' || action.kind === 'forget')
        fleet = new Fleet(goalOf(state), world.values(), action.kind === 'declare');
      if (action.kind === 'set-share')
        fleet = new Fleet(goalOf(state), world.values(), fleet.declared, { share: action });
      if (action.kind === 'promote') {
        for (const [id, slot] of world) world.set(id, afterPromotion(slot, action.generation));
        fleet = new Fleet(goalOf(state), world.values(), fleet.declared);
      }
      advance(state, { type: 'action-done', id }, now);
      // All goes well, and nobody has to wait for it.
      if (action.kind === 'set-share' && action.step !== undefined)
        advance(state, { type: 'step-passed', step: action.step, reason: '' }, now);
    }
  }
  throw new Error(`the rollout of ${plan.app} would never end`);
}

/** The steps of {@link preview} in words. */
export function describeSteps(actions: readonly Action[]): readonly string[] {
  return actions.map(describeAction);
}
