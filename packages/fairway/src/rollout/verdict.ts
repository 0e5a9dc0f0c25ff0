import { type Fleet, freshSlot } from './fleet.ts';
import { isOperational, type SlotObservation } from './observation.ts';
import { type SlotId, slotId } from './slot.ts';
import type { RolloutState } from './state.ts';

/** So many exits by itself and a new instance is beyond hope. */
export const CRASHES_TO_CONDEMN = 3;
/** So many failures in a row of the same action, and going on is given up. */
const FAILURES_TO_GIVE_UP = 5;

/** Why forward is over, and the slot whose log tells more. */
export interface Condemnation {
  readonly reason: string;
  readonly slot?: SlotId;
}

/** Whether the target has shown itself unfit, and since when nothing more can be hoped for. */
export function condemn(state: RolloutState, fleet: Fleet, now: number): Condemnation | undefined {
  if (state.abort) return { reason: `aborted by ${state.abort.by}${because(state.abort.why)}` };
  const hook = state.hooks.get('before_deploy');
  if (hook !== undefined && hook !== 'done') return { reason: `before_deploy failed: ${hook.failed}` };
  if (state.whole.failures >= FAILURES_TO_GIVE_UP) return { reason: state.whole.lastFailure! };
  for (const category of ['moving', 'broken'] as const) {
    for (const name of fleet.in(category)) {
      const condemnation = condemnInstance(state, fleet, name, now);
      if (condemnation) return condemnation;
    }
  }
  if (isStalled(state, now)) return { reason: stalledBecause(state) };
  return undefined;
}

function condemnInstance(
  state: RolloutState,
  fleet: Fleet,
  name: string,
  now: number,
): Condemnation | undefined {
  const instance = fleet.instance(name)!;
  for (const slot of [instance.slots.a, instance.slots.b]) {
    if (!slot) continue;
    const id = slotId(slot.slot);
    const memory = state.slots.get(id);
    if (memory && memory.failures >= FAILURES_TO_GIVE_UP)
      return { reason: `${name}: ${memory.lastFailure}`, slot: id };
  }
  const fresh = freshSlot(instance, fleet.goal);
  if (fresh === undefined) return undefined;
  const slot = instance.slots[fresh]!;
  const id = slotId(slot.slot);
  if (slot.restarts >= CRASHES_TO_CONDEMN)
    return {
      reason: `${name} crashed ${slot.restarts} times: ${slot.lastExit ?? 'no reason known'}`,
      slot: id,
    };
  if (isOperational(slot) || isSharedTrouble(fleet)) return undefined;
  const deadline = deadlineOf(state, slot);
  if (deadline === undefined || now < deadline) return undefined;
  return { reason: `${name} ${unhealthyFor(state, slot)}`, slot: id };
}

/** When a new instance that is not healthy counts as bad; Unix ms. */
export function deadlineOf(state: RolloutState, slot: SlotObservation): number | undefined {
  const memory = state.slots.get(slotId(slot.slot));
  const since = slot.pool === 'serving' ? memory?.unhealthySince : (memory?.startedAt ?? slot.startedAt);
  return since === undefined ? undefined : since + state.plan.policy.startTimeoutMs;
}

/**
 * Old instances have traffic and not one of them is healthy either: what fails is something that all of them share,
 * and says nothing about the new release. The rollout holds; its stall timeout is the bound.
 */
export function isSharedTrouble(fleet: Fleet): boolean {
  let oldServing = 0;
  for (const category of ['broken', 'moving', 'outdated'] as const) {
    for (const name of fleet.in(category)) {
      const instance = fleet.instance(name)!;
      for (const slot of [instance.slots.a, instance.slots.b]) {
        if (slot?.pool !== 'serving' || slot.generation === fleet.goal.generation) continue;
        if (isOperational(slot)) return false;
        oldServing += 1;
      }
    }
  }
  return oldServing > 0 && fleet.in('settled').size === 0;
}

export function isStalled(state: RolloutState, now: number): boolean {
  return !state.paused && now - state.lastProgressAt >= state.plan.policy.stallTimeoutMs;
}

export function stalledBecause(state: RolloutState): string {
  const seconds = state.plan.policy.stallTimeoutMs / 1000;
  const trouble = state.waitingFor ?? firstFailure(state);
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

export function because(why: string): string {
  return why === '' ? '' : `: ${why}`;
}
