import type { Action, SlotAction } from './actions.ts';
import type { Fleet } from './fleet.ts';
import { isClean } from './observation.ts';
import { costsService, nextStep, type StepContext } from './rolling.ts';
import { otherSlot, type SlotAddress, slotId } from './slot.ts';
import type { RolloutState } from './state.ts';
import { isSharedTrouble, servesOld } from './verdict.ts';

/**
 * The next step of each instance that has one now. What is under way is carried on first, then what is broken is replaced,
 * which takes nothing from anyone; then, as far as budget and room allow, what serves and is outdated; last, what is to go.
 */
export function instanceSteps(state: RolloutState, fleet: Fleet, now: number): Action[] {
  const { policy } = state.plan;
  const { context, consider, actions } = chooser(state, fleet, now, {});
  for (const name of fleet.in('staged')) consider(name);
  for (const name of fleet.in('moving')) consider(name);
  for (const name of brokenInTurn(state, fleet)) consider(name);
  if (state.paused) return actions;
  for (const name of fleet.in('crowded')) consider(name);
  const mayBegin = (): boolean =>
    policy.surge > 0 ? context.room > 0 : context.budget > 0 && context.soaked;
  // Asked before the set is opened: its first ones have left it, and a Set looks at each of their places again.
  if (mayBegin()) {
    for (const name of fleet.in('outdated')) {
      consider(name);
      if (!mayBegin()) break;
    }
  }
  // Capacity that is to go is kept until all the rest has what it needs.
  if (actions.length === 0 && areWantedSettled(fleet)) for (const name of fleet.in('surplus')) consider(name);
  return actions;
}

/** Picks next steps, and keeps count of what they cost together. */
export function chooser(state: RolloutState, fleet: Fleet, now: number, own: Partial<StepContext>) {
  const { policy, app } = state.plan;
  const actions: Action[] = [];
  const context = {
    app,
    goal: fleet.goal,
    surge: policy.surge,
    drainTimeoutMs: policy.drainTimeoutMs,
    budget: serviceBudget(state, fleet),
    room: policy.surge - fleet.doubled - startsUnderWay(state, fleet),
    soaked: isSoaked(state, now),
    ...own,
  } satisfies StepContext;
  const consider = (name: string): void => {
    if (state.busy.has(name)) return;
    const action = nextStep(fleet.instance(name)!, context);
    if (!action || mustWait(state, action.slot, now)) return;
    if (costsService(action, fleet)) {
      if (context.budget < 1) return;
      context.budget -= 1;
    }
    if (action.kind === 'start' && fleet.progress(name) === 'outdated') context.room -= 1;
    actions.push(action);
  };
  return { context, consider, actions };
}

/** Whether all that was admitted has served for long enough. What is being admitted may serve already, for how long is not known yet. */
function isSoaked({ plan, lastAdmissionAt, underWay }: RolloutState, now: number): boolean {
  const { soakMs } = plan.policy;
  if (soakMs === 0) return true;
  for (const { action } of underWay.values()) if (action.kind === 'admit') return false;
  return lastAdmissionAt === undefined || now >= lastAdmissionAt + soakMs;
}

/** Broken instances that may be worked on. While what fails is shared, no more of them are begun than may be out. */
function* brokenInTurn(state: RolloutState, fleet: Fleet): Generator<string> {
  let tries = isSharedTrouble(state, fleet)
    ? Math.max(1, state.plan.policy.maxUnavailable) - state.touched.size
    : Number.POSITIVE_INFINITY;
  for (const name of fleet.in('broken')) {
    if (!state.touched.has(name)) {
      if (state.paused) continue;
      if (servesOld(fleet.instance(name)!, fleet.goal)) {
        if (tries < 1) continue;
        tries -= 1;
      }
    }
    yield name;
  }
}

/** How many more instances may be taken out of service: what serves, less what is about to stop, less what must stay. */
export function serviceBudget(state: RolloutState, fleet: Fleet): number {
  const wanted = fleet.goal.generation === undefined ? 0 : fleet.goal.instances.length;
  let aboutToStop = 0;
  for (const intent of state.underWay.values()) if (costsService(intent.action, fleet)) aboutToStop += 1;
  return fleet.operational - aboutToStop - (wanted - state.plan.policy.maxUnavailable);
}

function startsUnderWay(state: RolloutState, fleet: Fleet): number {
  let starts = 0;
  for (const { action } of state.underWay.values())
    if (action.kind === 'start' && startsBeside(action, fleet)) starts += 1;
  return starts;
}

/** Whether the start, once it is seen, will have filled both slots of its instance. */
function startsBeside({ slot }: SlotAction, fleet: Fleet): boolean {
  const slots = fleet.instance(slot.instance)?.slots;
  return isClean(slots?.[slot.slot]) && !isClean(slots?.[otherSlot(slot.slot)]);
}

function mustWait(state: RolloutState, slot: SlotAddress, now: number): boolean {
  if (state.retrying.size === 0) return false;
  const retryAt = state.slots.get(slotId(slot))?.retryAt;
  return retryAt !== undefined && now < retryAt;
}

/** Whether every instance that is wanted has reached the goal. */
export function areWantedSettled(fleet: Fleet): boolean {
  return (['staged', 'moving', 'broken', 'crowded', 'outdated'] as const).every(
    (one) => fleet.in(one).size === 0,
  );
}
