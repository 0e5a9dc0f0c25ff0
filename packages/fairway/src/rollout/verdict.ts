import { canaryTrouble } from './canary-trouble.ts';
import { type Fleet, type FleetInstance, freshSlot, operates } from './fleet.ts';
import { answers, type SlotObservation } from './observation.ts';
import type { Goal } from './plan.ts';
import { parseSlotId, type SlotId, slotId } from './slot.ts';
import { type RolloutState, standsStill } from './state.ts';

/** So many exits by itself and a new instance is beyond hope. */
export const CRASHES_TO_CONDEMN = 3;
/** So many failures in a row of the same action, and going on is given up. */
const FAILURES_TO_GIVE_UP = 5;

export const SHARED_TROUBLE =
  'every old instance fails its health check too, so what fails is likely shared (a database?)';

/** Why forward is over, and the slot whose log tells more. */
export interface Condemnation {
  readonly reason: string;
  readonly slot?: SlotId;
}

/** Whether the target has shown itself unfit, and since when nothing more can be hoped for. */
export function condemn(state: RolloutState, fleet: Fleet, now: number): Condemnation | undefined {
  if (state.abort) return { reason: abortedBy(state.abort) };
  const trouble = canaryTrouble(state, fleet);
  if (trouble !== undefined) return { reason: trouble };
  const hook = state.hooks.get('before_deploy');
  if (hook !== undefined && hook !== 'done') return { reason: `before_deploy failed: ${hook.failed}` };
  if (state.whole.failures >= FAILURES_TO_GIVE_UP) return { reason: state.whole.lastFailure! };
  for (const id of state.retrying) {
    const { failures, lastFailure } = state.slots.get(id)!;
    if (failures >= FAILURES_TO_GIVE_UP)
      return { reason: `${parseSlotId(id)!.instance}: ${lastFailure}`, slot: id };
  }
  if (!isSharedTrouble(state, fleet)) {
    for (const name of fleet.in('moving')) {
      const condemnation = condemnInstance(state, fleet, name, now);
      if (condemnation) return condemnation;
    }
  }
  if (standsStill(state, now)) return { reason: stalledBecause(state) };
  return undefined;
}

function condemnInstance(
  state: RolloutState,
  fleet: Fleet,
  name: string,
  now: number,
): Condemnation | undefined {
  const instance = fleet.instance(name)!;
  const slot = instance.slots[freshSlot(instance, fleet.goal)!]!;
  const id = slotId(slot.slot);
  if (slot.restarts >= CRASHES_TO_CONDEMN && isToBlame(state, id))
    return {
      reason: `${name} crashed ${slot.restarts} times: ${slot.lastExit ?? 'no reason known'}`,
      slot: id,
    };
  // Healthy and not admitted yet is no fault of its own: a hook may have been under way, say.
  if (answers({ ...slot, pool: 'serving' })) return undefined;
  const deadline = deadlineOf(state, slot);
  if (deadline === undefined || now < deadline) return undefined;
  return { reason: `${name} ${unhealthyFor(state, slot)}`, slot: id };
}

/** Crashes count against what this rollout started itself, and not in the middle of shared trouble. */
function isToBlame(state: RolloutState, id: SlotId): boolean {
  const startedAt = state.slots.get(id)?.startedAt;
  return startedAt !== undefined && startedAt > (state.sharedTroubleUntil ?? Number.NEGATIVE_INFINITY);
}

/** When a new instance that is not healthy counts as bad; Unix ms. */
export function deadlineOf(state: RolloutState, slot: SlotObservation): number | undefined {
  const since = failingSince(state, slot);
  if (since === undefined) return undefined;
  const judgedFrom = Math.max(since, state.watchedSince, state.sharedTroubleUntil ?? since);
  return judgedFrom + state.plan.policy.startTimeoutMs;
}

/** Since when it should be healthy; undefined while it is not checked as what it is, which is no fault of its own. */
function failingSince(state: RolloutState, slot: SlotObservation): number | undefined {
  const memory = state.slots.get(slotId(slot.slot));
  if (slot.pool === 'serving') return memory?.unhealthySince;
  if (slot.pool !== 'out' || slot.poolGeneration !== slot.generation) return undefined;
  const startedAt = memory?.startedAt ?? slot.startedAt;
  return startedAt === undefined ? undefined : Math.max(startedAt, memory?.registeredAt ?? startedAt);
}

/**
 * Old instances have traffic and nothing at all is healthy: what fails is something that all of them share, and says
 * nothing about the new release. It is not condemned meanwhile (the stall timeout is the bound), and no more of what may
 * recover by itself is taken out than `maxUnavailable` allows. Going back there is no one to excuse.
 */
export function isSharedTrouble(state: RolloutState, fleet: Fleet): boolean {
  if (state.direction === 'back') return false;
  if (fleet.in('settled').size + fleet.in('outdated').size + fleet.in('crowded').size > 0) return false;
  if (fleet.in('staged').size > 0) return false;
  let oldServing = 0;
  for (const category of ['broken', 'moving'] as const) {
    for (const name of fleet.in(category)) {
      const instance = fleet.instance(name)!;
      if (operates(instance)) return false;
      if (servesOld(instance, fleet.goal)) oldServing += 1;
    }
  }
  return oldServing > 0;
}

/** Whether a slot that does not run the goal's generation is given traffic, healthy or not. */
export function servesOld(instance: FleetInstance, goal: Goal): boolean {
  return [instance.slots.a, instance.slots.b].some(
    (slot) => slot?.pool === 'serving' && slot.generation !== goal.generation,
  );
}

export function stalledBecause(state: RolloutState): string {
  const seconds = state.plan.policy.stallTimeoutMs / 1000;
  const isShared = state.sharedTroubleUntil === Number.POSITIVE_INFINITY;
  const trouble = isShared ? SHARED_TROUBLE : (state.waitingFor ?? firstFailure(state));
  return `no progress for ${seconds} s${trouble ? `: ${trouble}` : ''}`;
}

function firstFailure(state: RolloutState): string | undefined {
  if (state.whole.lastFailure) return state.whole.lastFailure;
  const [first] = state.retrying;
  return first === undefined ? undefined : state.slots.get(first)?.lastFailure;
}

function unhealthyFor(state: RolloutState, slot: SlotObservation): string {
  const seconds = state.plan.policy.startTimeoutMs / 1000;
  const said = slot.lastExit && slot.process === 'backoff' ? slot.lastExit : slot.lastFailure;
  const what =
    slot.pool === 'serving' ? `has been unhealthy for ${seconds} s` : `was not healthy within ${seconds} s`;
  return said ? `${what}: ${said}` : what;
}

/** Said when a rollout ends before everything it has touched is back. */
export const HALF_MOVED =
  'instances may run two releases now (fairway status shows them): deploy or roll back, which moves them all to one';

export function abortedBy({ by, why, alert }: NonNullable<RolloutState['abort']>): string {
  return `${alert ? 'alert raised' : 'aborted'} by ${by}${because(why)}`;
}

export function because(why: string): string {
  return why === '' ? '' : `: ${why}`;
}
