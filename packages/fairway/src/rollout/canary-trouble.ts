import { canaryOf, type MovingCanary } from './canary-state.ts';
import type { Fleet } from './fleet.ts';
import type { RolloutState } from './state.ts';

/** Why the canary has to go: it does worse, or somebody has taken its users from it already. */
export function canaryTrouble(state: RolloutState, fleet: Fleet): string | undefined {
  const moving = canaryOf(state);
  if (!moving) return undefined;
  const { verdict } = fleet.split;
  if (verdict?.outcome === 'fail')
    return `the canary does worse than the stable instances: ${verdict.sentence}`;
  if (!isTakenBack(state, fleet, moving)) return undefined;
  return fleet.split.share.tripped ? TAKEN_BACK_BY_SWITCH : TAKEN_BACK_OUTSIDE;
}

const TAKEN_BACK_BY_SWITCH =
  'the balancer took the users back from the canary by itself, as it had heard nothing of the control server for too long';

const TAKEN_BACK_OUTSIDE = "the canary's share is lower than it was set: somebody else has taken it back";

function isTakenBack(state: RolloutState, fleet: Fleet, { canary, policy }: MovingCanary): boolean {
  if (canary.step < 0 || state.busy.has('')) return false;
  // What was promoted has no share any more, and none is needed.
  if (canary.promotion === 'begun' && fleet.in('staged').size === 0) return false;
  return fleet.split.share.basisPoints < policy.steps[canary.step]!.shareBasisPoints;
}
