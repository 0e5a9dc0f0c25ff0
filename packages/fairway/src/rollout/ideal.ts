import type { SlotAction } from './actions.ts';
import type { SlotObservation } from './observation.ts';
import type { GenerationId } from './slot.ts';

/** What a slot looks like after an action in a world where everything works at once: plans are told from it. */
export function afterAction(
  before: SlotObservation | undefined,
  action: SlotAction,
  now: number,
): SlotObservation {
  const slot = before ?? empty(action);
  switch (action.kind) {
    case 'start':
      return {
        ...slot,
        host: action.host,
        process: 'running',
        generation: action.generation,
        startedAt: now,
        restarts: 0,
      };
    case 'register':
      return {
        ...without(slot, 'side'),
        pool: 'out',
        poolGeneration: action.generation,
        healthy: true,
        ...(action.side && { side: action.side }),
      };
    case 'admit':
      return { ...slot, pool: 'serving' };
    case 'drain':
      return { ...slot, pool: 'out', inFlight: 0 };
    case 'deregister':
      return {
        ...without(without(slot, 'poolGeneration'), 'side'),
        pool: 'absent',
        healthy: false,
        inFlight: 0,
      };
    case 'stop':
      return { ...without(slot, 'generation'), process: 'stopped' };
  }
}

/** What becomes of a slot when `generation` is made the baseline. */
export function afterPromotion(slot: SlotObservation, generation: GenerationId): SlotObservation {
  if (slot.poolGeneration === generation) return without(slot, 'side');
  return slot.pool === 'serving' ? { ...slot, pool: 'draining' } : slot;
}

/** What becomes of a slot by itself in such a world: what drains is idle, what runs is healthy, what stops has stopped, who cannot be reached comes back. */
export function afterAWhile(slot: SlotObservation): SlotObservation {
  if (slot.pool === 'draining') return afterAWhile({ ...slot, pool: 'out', inFlight: 0 });
  if (slot.process === 'stopping') return { ...without(slot, 'generation'), process: 'stopped' };
  if (slot.process !== 'running' && slot.process !== 'backoff' && slot.process !== 'unknown') return slot;
  return { ...slot, process: 'running', healthy: slot.pool !== 'absent' };
}

function without<S, K extends keyof S>(slot: S, key: K): Omit<S, K> {
  const { [key]: _, ...rest } = slot;
  return rest;
}

function empty(action: SlotAction): SlotObservation {
  return {
    slot: action.slot,
    host: 'host' in action ? action.host : '',
    process: 'absent',
    restarts: 0,
    pool: 'absent',
    healthy: false,
    inFlight: 0,
  };
}
