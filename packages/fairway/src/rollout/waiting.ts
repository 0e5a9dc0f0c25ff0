import { canaryWaitsFor, holdsUntil } from './canary-hold.ts';
import type { RolloutEvent } from './events.ts';
import { type Fleet, freshSlot } from './fleet.ts';
import { serviceBudget } from './instance-steps.ts';
import type { RolloutState } from './state.ts';
import { deadlineOf } from './verdict.ts';

/** So soon it looks again, when nothing else is due sooner. */
export const IDLE_LOOK_MS = 1_000;

/** One sentence on what keeps the next instance from being touched, if it is something that should be known. */
export function explainWaiting(state: RolloutState, fleet: Fleet, now: number): RolloutEvent[] {
  const reason = waitingReason(state, fleet, now);
  return reason === undefined || reason === state.waitingFor ? [] : [{ type: 'waiting', reason }];
}

function waitingReason(state: RolloutState, fleet: Fleet, now: number): string | undefined {
  if (state.paused) return `paused; go on with: fairway resume ${state.plan.app}`;
  if (state.underWay.size > 0) return undefined;
  const canary = canaryWaitsFor(state, fleet, now);
  if (canary !== undefined) return canary;
  const away = [...fleet.outOfReach].filter((name) => !['settled', 'gone'].includes(fleet.progress(name)!));
  if (away.length > 0) return `the hosts of ${away.join(', ')} cannot be reached`;
  if (fleet.in('outdated').size === 0 || state.plan.policy.surge > 0 || serviceBudget(state, fleet) > 0)
    return undefined;
  // What this rollout itself is replacing explains itself; what was broken before does not.
  const missing = [...fleet.in('moving'), ...fleet.in('broken')].filter((name) => !state.touched.has(name));
  if (missing.length === 0) return undefined;
  const { length } = fleet.goal.instances;
  return `${fleet.operational} of ${length} serve (not ${missing.join(', ')}); the next one is touched when enough do`;
}

/** When something can be decided that time alone brings: Unix ms. */
export function nextDeadline(state: RolloutState, fleet: Fleet, now: number): number {
  let next = now + IDLE_LOOK_MS;
  const sooner = (at: number | undefined): void => {
    if (at !== undefined && at > now && at < next) next = at;
  };
  sooner(state.whole.retryAt);
  sooner(holdsUntil(state));
  sooner(state.lastProgressAt + state.plan.policy.stallTimeoutMs);
  if (state.lastAdmissionAt !== undefined) sooner(state.lastAdmissionAt + state.plan.policy.soakMs);
  for (const id of state.retrying) sooner(state.slots.get(id)?.retryAt);
  for (const name of fleet.in('moving')) {
    const instance = fleet.instance(name)!;
    sooner(deadlineOf(state, instance.slots[freshSlot(instance, fleet.goal)!]!));
  }
  return next;
}
