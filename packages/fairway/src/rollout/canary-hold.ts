import { canaryOf, carries, type MovingCanary } from './canary-state.ts';
import type { RolloutEvent } from './events.ts';
import type { Fleet } from './fleet.ts';
import { isHolding, type RolloutState } from './state.ts';

/** A share that was set by somebody who died before he could say so. */
export function shareFound(state: RolloutState, fleet: Fleet): RolloutEvent | undefined {
  const moving = canaryOf(state);
  if (!moving || state.busy.has('')) return undefined;
  const { canary, policy } = moving;
  const { share } = fleet.split;
  const found = policy.steps.findIndex(({ shareBasisPoints }) => shareBasisPoints === share.basisPoints);
  if (found <= canary.step || share.offset !== policy.offset) return undefined;
  return { type: 'share-found', step: found };
}

/** A step that is over. */
export function stepPassed(state: RolloutState, fleet: Fleet, now: number): RolloutEvent[] {
  const moving = canaryOf(state);
  if (!moving || state.busy.has('')) return [];
  const { canary, policy } = moving;
  if (!isHolding(state) || state.paused || !carries(fleet, policy.steps[canary.step]!)) return [];
  const reason = passesBecause(moving, fleet, now);
  return reason === undefined ? [] : [{ type: 'step-passed', step: canary.step, reason }];
}

/** Why the present step is over; undefined: it is not. With everything on the canary there is nothing to compare with. */
function passesBecause(
  { canary, policy }: MovingCanary,
  { split: { verdict } }: Fleet,
  now: number,
): string | undefined {
  const { holdMs } = policy.steps[canary.step]!;
  if (holdMs === 'manual' || now < canary.since + holdMs) return undefined;
  if (canary.step === policy.steps.length - 1) return 'nothing was wrong with all the traffic';
  return verdict?.outcome === 'pass' ? verdict.sentence : undefined;
}

/** What a step that takes longer than its time waits for. */
export function canaryWaitsFor(state: RolloutState, fleet: Fleet, now: number): string | undefined {
  const moving = canaryOf(state);
  if (!moving || !isHolding(state) || !carries(fleet, moving.policy.steps[moving.canary.step]!))
    return undefined;
  const { canary, policy } = moving;
  const { holdMs } = policy.steps[canary.step]!;
  const way = `go on with: fairway promote ${state.plan.app}`;
  if (holdMs === 'manual') return `the step is to be promoted by hand; ${way}`;
  if (now < canary.since + holdMs || passesBecause(moving, fleet, now) !== undefined) return undefined;
  return `the judge cannot tell yet whether the canary is as good, and says why in fairway status; ${way}`;
}

/** When the present step's time is over; Unix ms. */
export function holdsUntil(state: RolloutState): number | undefined {
  const moving = canaryOf(state);
  if (!moving || !isHolding(state)) return undefined;
  const { holdMs } = moving.policy.steps[moving.canary.step]!;
  return holdMs === 'manual' ? undefined : moving.canary.since + holdMs;
}
