import type { Action, SlotAction } from './actions.ts';
import { type Fleet, type FleetInstance, freshSlot, isOutOfReach, operates } from './fleet.ts';
import { isClean, isOperational, type SlotObservation } from './observation.ts';
import type { Goal } from './plan.ts';
import { otherSlot, type SlotAddress, type SlotName } from './slot.ts';

/** What is known besides the instance itself, when its next step is chosen. */
export interface StepContext {
  readonly app: string;
  readonly goal: Goal;
  /** Instances that may start beside others, in all; 0: in place. */
  readonly surge: number;
  readonly drainTimeoutMs: number;
  /** Set while what is new goes into the balancer as a canary, beside what serves on. */
  readonly side?: 'canary';
  /** Instances that may still be taken out of service now. */
  readonly budget: number;
  /** Instances that may still start in a second slot now. */
  readonly room: number;
  /** Replaced instances have served long enough for old ones to be taken out. */
  readonly soaked: boolean;
}

const slotNames = ['a', 'b'] as const;

/** The one next action that brings an instance nearer to the goal; undefined: nothing to do now but wait. */
export function nextStep(instance: FleetInstance, context: StepContext): SlotAction | undefined {
  if (isOutOfReach(instance)) return undefined;
  if (!instance.wanted) return firstDefined(slotNames, (name) => retire(instance, name, context));
  const fresh = freshSlot(instance, context.goal);
  if (fresh !== undefined) return bringIn(instance, fresh, context);
  if (!operates(instance)) return replaceInPlace(instance, context);
  const free = slotNames.find((name) => isClean(instance.slots[name]));
  if (free === undefined) return makeRoom(instance, context);
  if (context.surge === 0) return replaceInPlace(instance, context);
  return context.room > 0 ? start(instance, free, context) : undefined;
}

/** The goal's generation runs in `fresh`: into the balancer, then the other slot out of it. */
function bringIn(instance: FleetInstance, fresh: SlotName, context: StepContext): SlotAction | undefined {
  const slot = instance.slots[fresh]!;
  const address = slot.slot;
  if (
    slot.pool !== 'absent' &&
    (slot.poolGeneration !== context.goal.generation || isOnWrongSide(slot, context))
  )
    return leavePool(slot, context);
  if (slot.pool === 'absent') {
    const { side } = context;
    const generation = context.goal.generation!;
    return { kind: 'register', slot: address, host: slot.host, generation, ...(side && { side }) };
  }
  if (slot.pool !== 'serving')
    return slot.healthy && slot.process === 'running' ? { kind: 'admit', slot: address } : undefined;
  if (!isOperational(slot)) return undefined;
  const other = otherSlot(fresh);
  const old = instance.slots[other];
  if (old?.pool === 'serving' && !context.soaked) return undefined;
  return retire(instance, other, context);
}

/** What takes everybody's requests already is left to do so. */
function isOnWrongSide({ side, pool }: SlotObservation, context: StepContext): boolean {
  if (side === 'canary') return context.side !== 'canary';
  return context.side === 'canary' && pool === 'out';
}

/** Both slots hold something old: the one that serves nobody goes, or one of two that both serve. */
function makeRoom(instance: FleetInstance, context: StepContext): SlotAction | undefined {
  return retire(instance, slotNames.find((name) => !isOperational(instance.slots[name])) ?? 'b', context);
}

function replaceInPlace(instance: FleetInstance, context: StepContext): SlotAction | undefined {
  const old = slotNames.filter((name) => !isClean(instance.slots[name]));
  if (old.length === 0) return start(instance, lastUsed(instance), context);
  if (operates(instance) && (context.budget < 1 || !context.soaked)) return undefined;
  return firstDefined(old, (name) => retire(instance, name, context));
}

/** An empty instance starts where it was before, so that its port stays the same. */
function lastUsed(instance: FleetInstance): SlotName {
  return instance.slots.a === undefined && instance.slots.b !== undefined ? 'b' : 'a';
}

function start(instance: FleetInstance, name: SlotName, context: StepContext): SlotAction {
  const slot: SlotAddress = { app: context.app, instance: instance.name, slot: name };
  return { kind: 'start', slot, host: instance.host, generation: context.goal.generation! };
}

/** Out of the balancer first, then off the host. */
function retire(instance: FleetInstance, name: SlotName, context: StepContext): SlotAction | undefined {
  const slot = instance.slots[name];
  if (slot === undefined || isClean(slot)) return undefined;
  if (slot.pool !== 'absent') return leavePool(slot, context);
  return { kind: 'stop', slot: slot.slot, host: slot.host };
}

function leavePool(slot: SlotObservation, context: StepContext): SlotAction | undefined {
  switch (slot.pool) {
    case 'serving':
      return { kind: 'drain', slot: slot.slot, timeoutMs: context.drainTimeoutMs };
    case 'draining':
      // The balancer moves it to `out` when it is idle, at the latest at the deadline.
      return undefined;
    case 'out':
      return { kind: 'deregister', slot: slot.slot };
    case 'absent':
      return undefined;
  }
}

/** Whether the action takes an instance out of service that nothing else of the instance replaces. */
export function costsService(action: Action, fleet: Fleet): boolean {
  if (action.kind !== 'drain') return false;
  const instance = fleet.instance(action.slot.instance);
  if (!instance?.wanted || !isOperational(instance.slots[action.slot.slot])) return false;
  return !isOperational(instance.slots[otherSlot(action.slot.slot)]);
}

function firstDefined<T, R>(items: readonly T[], pick: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const picked = pick(item);
    if (picked !== undefined) return picked;
  }
  return undefined;
}
