import type { ActionId, HookName, Intent } from './actions.ts';
import type { Outcome } from './events.ts';
import type { Goal, Plan } from './plan.ts';
import type { SlotId } from './slot.ts';

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

/** How far a canary is. Steps are indices into the policy's. */
export interface CanaryState {
  /** Whose share was set last, -1 before the first; and since when, Unix ms. */
  step: number;
  since: number;
  /** The last one that is over by its time and its verdict. */
  passed: number;
  /** To make it the baseline was begun, or is done. */
  promotion: 'none' | 'begun' | 'done';
}

/** A rollout, as its journal tells. Derived from events alone: the same journal always gives the same state. */
export interface RolloutState {
  readonly plan: Plan;
  direction: 'forward' | 'back';
  reasonBack?: string;
  paused: boolean;
  abort?: { readonly by: string; readonly why: string; readonly alert?: boolean };
  /** Set when the rollout moves as a canary. */
  canary?: CanaryState;
  /** The last step that is over because an operator said so. */
  forced: number;
  /** Aborted once more, when it could not even be taken back for the stall timeout. */
  givenUp?: { readonly by: string; readonly why: string };
  finished?: { readonly outcome: Outcome; readonly reason: string };
  nextAction: number;
  /** Intended, neither done nor failed yet. */
  readonly underWay: Map<ActionId, Intent>;
  /** The instances that these concern, one action each; `''` for an action of the whole app. */
  readonly busy: Set<string>;
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
    forced: -1,
    nextAction: 1,
    underWay: new Map(),
    busy: new Set(),
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

/** What the rollout is heading for now. */
export function goalOf(state: RolloutState): Goal {
  return state.direction === 'forward' ? state.plan.target : state.plan.previous;
}

/** Whether nothing has got on for the whole stall timeout. */
export function standsStill(state: RolloutState, now: number): boolean {
  if (isHolding(state)) return false;
  return !state.paused && now - state.lastProgressAt >= state.plan.policy.stallTimeoutMs;
}

/** Whether users are split by this rollout, or are to be: it goes forward, and the canary is not the baseline yet. */
export function isCanary(state: RolloutState): boolean {
  return state.direction === 'forward' && state.canary !== undefined && state.canary.promotion !== 'done';
}

/** The last step that is over. */
export function lastPassed({ canary, forced }: RolloutState): number {
  return Math.max(canary?.passed ?? -1, forced);
}

/** A step has its share and is not over: that it takes its time is as it should be. */
export function isHolding(state: RolloutState): boolean {
  return isCanary(state) && state.canary!.step > lastPassed(state);
}

/** Made when something is first to be remembered of the slot. */
export function memoryOf(state: RolloutState, id: SlotId): SlotMemory {
  let memory = state.slots.get(id);
  if (!memory) {
    memory = { failures: 0 };
    state.slots.set(id, memory);
  }
  return memory;
}
