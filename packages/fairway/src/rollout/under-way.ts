import type { Action, ActionId, Intent } from './actions.ts';
import { type SlotId, slotId } from './slot.ts';
import { memoryOf, type RolloutState, type SlotMemory } from './state.ts';

/** What the journal tells of actions, from their intent to their end, taken into the state. */
export function intended(state: RolloutState, { id, action }: Intent, at: number): void {
  state.underWay.set(id, { id, action });
  state.busy.add(concerns(action));
  state.nextAction = Math.max(state.nextAction, Number.parseInt(id, 10) + 1);
  if ('slot' in action && !state.touched.has(action.slot.instance))
    state.touched.set(action.slot.instance, at);
  // What may have been done, even if the controller dies before it can say so.
  if (action.kind === 'start') memoryOf(state, slotId(action.slot)).startedAt = at;
  if (action.kind === 'register') memoryOf(state, slotId(action.slot)).registeredAt = at;
  if (action.kind === 'promote' && state.canary) state.canary.promotion = 'begun';
  if (action.kind === 'declare') {
    state.routesTouched = true;
    delete state.declaredPin;
  }
}

/** The action is under way no more, however it ended. */
export function land(state: RolloutState, id: ActionId, at: number): Action | undefined {
  const action = state.underWay.get(id)?.action;
  if (!action) return undefined;
  state.underWay.delete(id);
  state.busy.delete(concerns(action));
  // Also a failed one may have had its effect: the soak is counted from the last moment that it can have been.
  if (action.kind === 'admit') state.lastAdmissionAt = at;
  return action;
}

export function done(state: RolloutState, id: ActionId, at: number): void {
  const action = land(state, id, at);
  if (!action) return;
  progressed(state, at);
  if ('slot' in action) slotDone(state, action.kind, slotId(action.slot), at);
  else succeeded(state.whole);
  if (action.kind === 'install') state.installed.add(action.generation);
  if (action.kind === 'declare') state.declaredPin = action.pin;
  if (action.kind === 'forget') state.forgotten = true;
  if (action.kind === 'set-share' && action.step !== undefined) stepReached(state, action.step, at);
  if (action.kind === 'promote' && state.canary) state.canary.promotion = 'done';
  if (action.kind === 'hook') state.hooks.set(action.hook, 'done');
}

/** The step's share is the balancer's; its time begins. */
export function stepReached({ canary }: RolloutState, step: number, at: number): void {
  if (!canary || canary.step === step) return;
  canary.step = step;
  canary.since = at;
  canary.passed = step - 1;
}

function slotDone(state: RolloutState, kind: Action['kind'], id: SlotId, at: number): void {
  if (state.retrying.delete(id)) succeeded(memoryOf(state, id));
  if (kind === 'start') memoryOf(state, id).startedAt = at;
  if (kind === 'register') memoryOf(state, id).registeredAt = at;
  if (kind === 'stop') {
    state.slots.delete(id);
    state.unhealthy.delete(id);
  }
}

function succeeded(memory: SlotMemory): void {
  if (memory.failures === 0) return;
  memory.failures = 0;
  delete memory.retryAt;
  delete memory.lastFailure;
}

/** 0.5 s after the first failure, doubling to 15 s. */
export function retryDelayMs(failures: number): number {
  return Math.min(15_000, 500 * 2 ** (failures - 1));
}

export function failed(state: RolloutState, id: ActionId, reason: string, at: number): void {
  const action = land(state, id, at);
  if (!action) return;
  if (action.kind === 'hook') {
    state.hooks.set(action.hook, { failed: reason });
    return;
  }
  const slot = 'slot' in action ? slotId(action.slot) : undefined;
  const memory = slot === undefined ? state.whole : memoryOf(state, slot);
  memory.failures += 1;
  memory.lastFailure = reason;
  memory.retryAt = at + retryDelayMs(memory.failures);
  if (slot !== undefined) state.retrying.add(slot);
}

export function progressed(state: RolloutState, at: number): void {
  state.lastProgressAt = at;
  delete state.waitingFor;
}

/** What `busy` holds while the action is under way. */
function concerns(action: Action): string {
  return 'slot' in action ? action.slot.instance : '';
}
