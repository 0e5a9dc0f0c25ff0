import type { ActionId, HookName, Intent } from './actions.ts';
import type { Outcome, RolloutEvent, TimedEvent } from './events.ts';
import type { Goal, Plan } from './plan.ts';
import { type SlotId, slotId } from './slot.ts';

/** What the journal knows of a slot, and an observation cannot show. Times are Unix ms. */
export interface SlotMemory {
  /** When its last start was begun, or better, carried out. */
  startedAt?: number;
  /** The same of its last registration: no check can have passed before. */
  registeredAt?: number;
  /** Since when an admitted slot has failed its checks. */
  unhealthySince?: number;
  /** Failed actions in a row, and when to try again. */
  failures: number;
  lastFailure?: string;
  retryAt?: number;
}

/** A rollout, as its journal tells. Derived from events alone: the same journal always gives the same state. */
export interface RolloutState {
  readonly plan: Plan;
  direction: 'forward' | 'back';
  reasonBack?: string;
  paused: boolean;
  abort?: { readonly by: string; readonly why: string };
  /** Aborted once more, when it could not even be taken back for the stall timeout. */
  givenUp?: { readonly by: string; readonly why: string };
  finished?: { readonly outcome: Outcome; readonly reason: string };
  nextAction: number;
  /** Intended, neither done nor failed yet. */
  readonly underWay: Map<ActionId, Intent>;
  /** The same, by the slot that it concerns; `''` for actions of the whole rollout. */
  readonly busySlots: Map<SlotId | '', Intent>;
  readonly slots: Map<SlotId, SlotMemory>;
  /** Slots whose memory has `unhealthySince`, and those whose memory has `retryAt`. */
  readonly unhealthy: Set<SlotId>;
  readonly retrying: Set<SlotId>;
  /** Memory of actions that concern no slot. */
  readonly whole: SlotMemory;
  /** Generations that are on the hosts. */
  readonly installed: Set<string>;
  /** The configuration whose routes the balancer was told last, by this rollout; undefined while that is not sure. */
  declaredPin?: string;
  /** Whether this rollout has ever begun to tell it any. */
  routesTouched: boolean;
  forgotten: boolean;
  readonly hooks: Map<HookName, 'done' | { readonly failed: string }>;
  /** When an instance was first touched, until it settled. */
  readonly touched: Map<string, number>;
  /** When an admission last ended, or may have. */
  lastAdmissionAt?: number;
  /** When this controller began to look: what was before, nobody watched, and nothing is blamed for it. */
  watchedSince: number;
  /** Infinity while everything old fails too; afterwards, when that ended. */
  sharedTroubleUntil?: number;
  lastProgressAt: number;
  waitingFor?: string;
}

/** The state right after a `started` event at time `at`. */
export function begin(plan: Plan, at: number): RolloutState {
  return {
    plan,
    direction: 'forward',
    paused: false,
    nextAction: 1,
    underWay: new Map(),
    busySlots: new Map(),
    slots: new Map(),
    unhealthy: new Set(),
    retrying: new Set(),
    whole: { failures: 0 },
    installed: new Set(),
    routesTouched: false,
    forgotten: false,
    hooks: new Map(),
    touched: new Map(),
    watchedSince: at,
    lastProgressAt: at,
  };
}

/** The state that a journal tells; undefined before its `started` event. */
export function replay(journal: Iterable<TimedEvent>): RolloutState | undefined {
  let state: RolloutState | undefined;
  for (const { at, event } of journal) {
    if (event.type === 'started') state = begin(event.plan, at);
    else if (state) advance(state, event, at);
  }
  return state;
}

/** What the rollout is heading for now. */
export function goalOf(state: RolloutState): Goal {
  return state.direction === 'forward' ? state.plan.target : state.plan.previous;
}

function memoryOf(state: RolloutState, id: SlotId): SlotMemory {
  let memory = state.slots.get(id);
  if (!memory) {
    memory = { failures: 0 };
    state.slots.set(id, memory);
  }
  return memory;
}

/** Takes one more event into the state. */
export function advance(state: RolloutState, event: RolloutEvent, at: number): void {
  switch (event.type) {
    case 'action-intended':
      intended(state, event, at);
      return;
    case 'action-done':
      done(state, event.id, at);
      return;
    case 'action-failed':
      failed(state, event.id, event.reason, at);
      return;
    case 'taken-up':
      // The controller that had these under way is gone: they are decided anew from what is observed.
      for (const id of [...state.underWay.keys()]) land(state, id, at);
      state.watchedSince = at;
      state.lastProgressAt = at;
      return;
    case 'stumbled':
      // How these ended may not have been recorded. It is no progress: whoever stumbles for ever stands still.
      for (const id of state.underWay.keys()) land(state, id, at);
      state.waitingFor = event.reason;
      return;
    case 'unhealthy':
      memoryOf(state, event.slot).unhealthySince ??= at;
      state.unhealthy.add(event.slot);
      return;
    case 'healthy-again':
      recovered(state, event.slot);
      return;
    case 'shared-trouble':
      state.sharedTroubleUntil = Number.POSITIVE_INFINITY;
      return;
    case 'shared-trouble-over':
      state.sharedTroubleUntil = at;
      return;
    case 'waiting':
      state.waitingFor = event.reason;
      return;
    case 'settled':
      state.touched.delete(event.instance);
      progressed(state, at);
      return;
    case 'paused':
      state.paused = true;
      return;
    case 'resumed':
      state.paused = false;
      progressed(state, at);
      return;
    case 'abort-requested':
      if (state.direction === 'back' && standsStill(state, at))
        state.givenUp = { by: event.by, why: event.why };
      state.abort ??= { by: event.by, why: event.why };
      return;
    case 'taking-back':
      turnBack(state, event.reason, at);
      return;
    case 'finished':
      state.finished = { outcome: event.outcome, reason: event.reason };
      return;
    case 'requested':
    case 'queued':
    case 'build-started':
    case 'build-output':
    case 'build-finished':
    case 'build-failed':
    case 'started':
    case 'hook-output':
      return;
  }
}

function intended(state: RolloutState, { id, action }: Intent, at: number): void {
  const intent = { id, action };
  state.underWay.set(id, intent);
  state.busySlots.set('slot' in action ? slotId(action.slot) : '', intent);
  state.nextAction = Math.max(state.nextAction, Number.parseInt(id, 10) + 1);
  if ('slot' in action && !state.touched.has(action.slot.instance))
    state.touched.set(action.slot.instance, at);
  // What may have been done, even if the controller dies before it can say so.
  if (action.kind === 'start') memoryOf(state, slotId(action.slot)).startedAt = at;
  if (action.kind === 'register') memoryOf(state, slotId(action.slot)).registeredAt = at;
  if (action.kind === 'declare') {
    state.routesTouched = true;
    delete state.declaredPin;
  }
}

/** The action is under way no more, however it ended. */
function land(state: RolloutState, id: ActionId, at: number): Intent | undefined {
  const intent = state.underWay.get(id);
  if (!intent) return undefined;
  state.underWay.delete(id);
  state.busySlots.delete('slot' in intent.action ? slotId(intent.action.slot) : '');
  // Also a failed one may have had its effect: the soak is counted from the last moment that it can have been.
  if (intent.action.kind === 'admit') state.lastAdmissionAt = at;
  return intent;
}

function done(state: RolloutState, id: ActionId, at: number): void {
  const action = land(state, id, at)?.action;
  if (!action) return;
  progressed(state, at);
  const memory = 'slot' in action ? memoryOf(state, slotId(action.slot)) : state.whole;
  if (memory.failures > 0) {
    memory.failures = 0;
    delete memory.retryAt;
    delete memory.lastFailure;
    if ('slot' in action) state.retrying.delete(slotId(action.slot));
  }
  if (action.kind === 'start') memory.startedAt = at;
  if (action.kind === 'register') memory.registeredAt = at;
  if (action.kind === 'stop') {
    delete memory.startedAt;
    recovered(state, slotId(action.slot));
  }
  if (action.kind === 'install') state.installed.add(action.generation);
  if (action.kind === 'declare') state.declaredPin = action.pin;
  if (action.kind === 'forget') state.forgotten = true;
  if (action.kind === 'hook') state.hooks.set(action.hook, 'done');
}

/** 0.5 s after the first failure, doubling to 15 s. */
export function retryDelayMs(failures: number): number {
  return Math.min(15_000, 500 * 2 ** (failures - 1));
}

function failed(state: RolloutState, id: ActionId, reason: string, at: number): void {
  const action = land(state, id, at)?.action;
  if (!action) return;
  if (action.kind === 'hook') {
    state.hooks.set(action.hook, { failed: reason });
    return;
  }
  const memory = 'slot' in action ? memoryOf(state, slotId(action.slot)) : state.whole;
  memory.failures += 1;
  memory.lastFailure = reason;
  memory.retryAt = at + retryDelayMs(memory.failures);
  if ('slot' in action) state.retrying.add(slotId(action.slot));
}

function turnBack(state: RolloutState, reason: string, at: number): void {
  state.direction = 'back';
  state.reasonBack = reason;
  state.paused = false;
  for (const memory of [state.whole, ...state.slots.values()]) {
    memory.failures = 0;
    delete memory.retryAt;
    delete memory.lastFailure;
    delete memory.unhealthySince;
  }
  state.unhealthy.clear();
  state.retrying.clear();
  delete state.sharedTroubleUntil;
  progressed(state, at);
}

/** Whether nothing has got on for the whole stall timeout. */
export function standsStill(state: RolloutState, now: number): boolean {
  return !state.paused && now - state.lastProgressAt >= state.plan.policy.stallTimeoutMs;
}

function recovered(state: RolloutState, id: SlotId): void {
  delete memoryOf(state, id).unhealthySince;
  state.unhealthy.delete(id);
}

function progressed(state: RolloutState, at: number): void {
  state.lastProgressAt = at;
  delete state.waitingFor;
}
