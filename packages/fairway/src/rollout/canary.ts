import type { Action } from './actions.ts';
import { canaryOf, carries } from './canary-state.ts';
import type { Fleet } from './fleet.ts';
import { chooser } from './instance-steps.ts';
import type { CanaryPolicy } from './plan.ts';
import { isCanary, lastPassed, type RolloutState } from './state.ts';
import { isSharedTrouble } from './verdict.ts';

/** Whether it can be tried on a part of the users: something old answers, and nothing has been touched yet. */
export function canaryBegins(state: RolloutState, fleet: Fleet): boolean {
  const { policy, target, previous } = state.plan;
  return (
    policy.strategy === 'canary' &&
    state.direction === 'forward' &&
    state.canary === undefined &&
    state.slots.size === 0 &&
    target.generation !== undefined &&
    previous.generation !== undefined &&
    target.generation !== previous.generation &&
    fleet.in('outdated').size + fleet.in('crowded').size > 0
  );
}

/**
 * Whoever does not move as a canary splits no users, and a share that others have left is no beginning: to end it comes
 * before anything else.
 */
export function takeShareBack(state: RolloutState, fleet: Fleet): Action | undefined {
  const { share } = fleet.split;
  if (share.basisPoints === 0 || (isCanary(state) && (state.canary!.step >= 0 || isOwn(state, share))))
    return undefined;
  return { kind: 'set-share', basisPoints: 0, offset: share.offset };
}

/** A share that this rollout has set, or may have: the one of a step, at its own place of the ring. */
function isOwn({ plan: { policy } }: RolloutState, share: Fleet['split']['share']): boolean {
  if (policy.strategy !== 'canary' || share.offset !== policy.offset) return false;
  return policy.steps.some(({ shareBasisPoints }) => shareBasisPoints === share.basisPoints);
}

/**
 * Instances for the next step first, then its share; when all steps are over, the new release becomes the baseline. What
 * is old serves on until then.
 */
export function canaryActions(state: RolloutState, fleet: Fleet, now: number): Action[] {
  const { canary, policy } = canaryOf(state)!;
  // It has happened, though nobody could say so: to do it again is harmless.
  if (canary.promotion === 'begun' && fleet.in('staged').size === 0) return promote(state, policy);
  const next = lastPassed(state) + 1;
  const step = policy.steps[next] ?? policy.steps.at(-1)!;
  const staging = stage(state, fleet, now, step.instances);
  if (staging.length > 0 || state.paused || !carries(fleet, step)) return staging;
  if (next === policy.steps.length) return promote(state, policy);
  const { share } = fleet.split;
  const isSet = share.basisPoints === step.shareBasisPoints && share.offset === policy.offset;
  if (isSet && canary.step === next) return [];
  return [{ kind: 'set-share', basisPoints: step.shareBasisPoints, offset: policy.offset, step: next }];
}

/** Only when nothing else is under way: what would still arrive must arrive as what it was meant to be. */
function promote(state: RolloutState, { drainTimeoutMs }: CanaryPolicy): Action[] {
  if (state.underWay.size > 0) return [];
  return [{ kind: 'promote', generation: state.plan.target.generation!, timeoutMs: drainTimeoutMs }];
}

/** Next steps towards so many instances of the new release, in places beside what serves. */
function stage(state: RolloutState, fleet: Fleet, now: number, wanted: number): Action[] {
  const { consider, actions } = chooser(state, fleet, now, {
    side: 'canary',
    surge: wanted,
    room: wanted,
    soaked: true,
  });
  for (const name of fleet.in('moving')) consider(name);
  for (const name of state.touched.keys()) if (isUnfinished(fleet, name)) consider(name);
  if (state.paused || isSharedTrouble(state, fleet)) return actions;
  let missing = wanted - begun(state, fleet);
  for (const category of ['broken', 'crowded', 'outdated'] as const) {
    if (missing < 1) break;
    for (const name of fleet.in(category)) {
      if (missing < 1) break;
      if (state.touched.has(name)) continue;
      const before = actions.length;
      consider(name);
      missing -= actions.length - before;
    }
  }
  return actions;
}

/** Instances that are, or will be, of the new release. */
function begun(state: RolloutState, fleet: Fleet): number {
  let count = fleet.in('staged').size + fleet.in('settled').size + fleet.in('moving').size;
  for (const name of state.touched.keys()) if (isUnfinished(fleet, name)) count += 1;
  return count;
}

/** Nothing of the new release runs there yet. */
function isUnfinished(fleet: Fleet, name: string): boolean {
  const progress = fleet.progress(name);
  return progress === 'broken' || progress === 'crowded' || progress === 'outdated';
}
