import type { Action, Intent, SlotAction } from './actions.ts';
import type { RolloutEvent } from './events.ts';
import { type Fleet, freshSlot } from './fleet.ts';
import { isClean, isOperational } from './observation.ts';
import { costsService, nextStep, type StepContext } from './rolling.ts';
import { otherSlot, parseSlotId, type SlotAddress, type SlotId, slotId } from './slot.ts';
import { type RolloutState, standsStill } from './state.ts';
import {
  because,
  condemn,
  deadlineOf,
  HALF_MOVED,
  isSharedTrouble,
  servesOld,
  stalledBecause,
} from './verdict.ts';

/** What to record and do now. Events go to the journal, in order, before any action is begun. */
export interface Decision {
  readonly events: readonly RolloutEvent[];
  readonly actions: readonly Intent[];
  /** Unix ms: look again then, even if nothing is seen to happen. */
  readonly lookAgainAt: number;
}

const IDLE_LOOK_MS = 1_000;

/**
 * The heart: from what the journal knows (`state`), what is seen (`fleet`, sorted by the state's present goal) and the
 * time, what to do next. Pure: the same three always give the same answer, and nothing is changed by asking.
 *
 * Cost: proportional to the instances that are under way or broken, not to all of them.
 */
export function decide(state: RolloutState, fleet: Fleet, now: number): Decision {
  if (state.finished) return { events: [], actions: [], lookAgainAt: Number.POSITIVE_INFINITY };
  if (state.direction === 'forward') {
    const condemnation = condemn(state, fleet, now);
    if (condemnation) return tell([{ type: 'taking-back', evidence: [], ...condemnation }], now);
  } else if (standsStill(state, now)) {
    const reason = `${state.reasonBack}; then, taking it back: ${stalledBecause(state)}; ${HALF_MOVED}`;
    return tell([{ type: 'finished', outcome: 'failed', reason }], now);
  }
  const noticed = notice(state, fleet, now);
  const actions = nextActions(state, fleet, now);
  if (actions.length > 0) return act(state, noticed, actions, now);
  if (isComplete(state, fleet)) return tell([...noticed, finish(state)], now);
  return {
    events: [...noticed, ...explainWaiting(state, fleet)],
    actions: [],
    lookAgainAt: nextDeadline(state, fleet, now),
  };
}

function tell(events: readonly RolloutEvent[], now: number): Decision {
  return { events, actions: [], lookAgainAt: now };
}

function act(
  state: RolloutState,
  noticed: readonly RolloutEvent[],
  actions: readonly Action[],
  now: number,
): Decision {
  const intents = actions.map((action, index) => ({
    id: `${state.nextAction + index}-${action.kind}`,
    action,
  }));
  const intended = intents.map((intent): RolloutEvent => ({ type: 'action-intended', ...intent }));
  return { events: [...noticed, ...intended], actions: intents, lookAgainAt: now + IDLE_LOOK_MS };
}

/** What is seen for the first time and worth remembering. */
function notice(state: RolloutState, fleet: Fleet, now: number): RolloutEvent[] {
  const events: RolloutEvent[] = [];
  const isKnown = state.sharedTroubleUntil === Number.POSITIVE_INFINITY;
  const isShared = isSharedTrouble(state, fleet);
  if (isShared && !isKnown && fleet.in('moving').size > 0) events.push({ type: 'shared-trouble' });
  if (isKnown && !isShared) events.push({ type: 'shared-trouble-over' });
  for (const name of fleet.in('moving')) {
    const instance = fleet.instance(name)!;
    const slot = instance.slots[freshSlot(instance, fleet.goal)!]!;
    if (slot.pool !== 'serving' || isOperational(slot)) continue;
    if (!state.unhealthy.has(slotId(slot.slot)))
      events.push({
        type: 'unhealthy',
        slot: slotId(slot.slot),
        reason: slot.lastFailure ?? slot.lastExit ?? 'failed its check',
      });
  }
  for (const id of state.unhealthy) {
    const slot = slotOf(fleet, id);
    if (slot && isOperational(slot)) events.push({ type: 'healthy-again', slot: id });
  }
  for (const [name, since] of state.touched) {
    const progress = fleet.progress(name);
    if ((progress === 'settled' || progress === 'gone') && !isBusy(state, name))
      events.push({ type: 'settled', instance: name, seconds: (now - since) / 1000 });
  }
  return events;
}

function slotOf(fleet: Fleet, id: SlotId) {
  const address = parseSlotId(id)!;
  return fleet.instance(address.instance)?.slots[address.slot];
}

function isBusy(state: RolloutState, instance: string): boolean {
  if (state.busySlots.size === 0) return false;
  const { app } = state.plan;
  return (
    state.busySlots.has(slotId({ app, instance, slot: 'a' })) ||
    state.busySlots.has(slotId({ app, instance, slot: 'b' }))
  );
}

function nextActions(state: RolloutState, fleet: Fleet, now: number): Action[] {
  if (state.busySlots.has('') || (state.whole.retryAt !== undefined && now < state.whole.retryAt)) return [];
  const first = prelude(state, fleet);
  if (first) return [first];
  const steps = instanceSteps(state, fleet, now);
  if (steps.length > 0 || !instancesReached(state, fleet)) return steps;
  const last = epilogue(state, fleet);
  return last ? [last] : [];
}

/** Before any instance is touched: the release on the hosts, the migration, the routes of a new app. */
function prelude(state: RolloutState, fleet: Fleet): Action | undefined {
  const { generation, pin, instances } = fleet.goal;
  if (generation === undefined || pin === undefined) return undefined;
  const isBack = state.direction === 'back';
  // Where everything is in place already, going back asks nothing of the hosts: one of them may be the trouble.
  const isNeeded = !isBack || !areWantedSettled(fleet);
  if (isNeeded && !state.installed.has(generation))
    return { kind: 'install', generation, hosts: [...new Set(instances.map(({ host }) => host))] };
  if (!isBack && state.plan.hooks.beforeDeploy && !state.hooks.has('before_deploy'))
    return { kind: 'hook', hook: 'before_deploy', generation, pin, host: instances[0]!.host };
  if (!fleet.declared) return { kind: 'declare', pin };
  return undefined;
}

/** After every instance has reached the goal: its routes (never before it can serve them), the closing hook. */
function epilogue(state: RolloutState, fleet: Fleet): Action | undefined {
  const { generation, pin, instances } = fleet.goal;
  if (generation === undefined || pin === undefined)
    return fleet.declared && !state.forgotten ? { kind: 'forget' } : undefined;
  const isBack = state.direction === 'back';
  // Going back, the old routes still stand unless this rollout has changed them.
  const isCurrent = state.declaredPin === pin || (isBack && !state.routesTouched);
  if (!isCurrent) return { kind: 'declare', pin };
  if (!isBack && state.plan.hooks.afterDeploy && !state.hooks.has('after_deploy'))
    return { kind: 'hook', hook: 'after_deploy', generation, pin, host: instances[0]!.host };
  return undefined;
}

function instanceSteps(state: RolloutState, fleet: Fleet, now: number): Action[] {
  const { policy, app } = state.plan;
  const actions: Action[] = [];
  let budget = serviceBudget(state, fleet);
  let room = policy.surge - fleet.doubled - startsUnderWay(state, fleet);
  const soaked = state.lastAdmissionAt === undefined || now >= state.lastAdmissionAt + policy.soakMs;
  const consider = (name: string): void => {
    if (isBusy(state, name)) return;
    const context: StepContext = { app, goal: fleet.goal, policy, budget, room, soaked };
    const instance = fleet.instance(name)!;
    const action = nextStep(instance, context);
    if (!action || mustWait(state, action.slot, now)) return;
    if (costsService(action, fleet)) {
      if (budget < 1) return;
      budget -= 1;
    }
    if (action.kind === 'start' && fleet.progress(name) === 'outdated') room -= 1;
    actions.push(action);
  };
  for (const name of fleet.in('moving')) consider(name);
  let tries = isSharedTrouble(state, fleet)
    ? Math.max(1, policy.maxUnavailable) - state.touched.size
    : Number.POSITIVE_INFINITY;
  for (const name of fleet.in('broken')) {
    if (!state.touched.has(name)) {
      if (state.paused) continue;
      if (servesOld(fleet.instance(name)!, fleet.goal)) {
        if (tries < 1) continue;
        tries -= 1;
      }
    }
    consider(name);
  }
  if (state.paused) return actions;
  for (const name of fleet.in('crowded')) consider(name);
  for (const name of fleet.in('outdated')) {
    if (policy.surge > 0 ? room < 1 : budget < 1 || !soaked) break;
    consider(name);
  }
  // Capacity that is to go is kept until all the rest has what it needs.
  if (actions.length === 0 && areWantedSettled(fleet)) for (const name of fleet.in('surplus')) consider(name);
  return actions;
}

/** How many more instances may be taken out of service: what serves, less what is about to stop, less what must stay. */
function serviceBudget(state: RolloutState, fleet: Fleet): number {
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

function areWantedSettled(fleet: Fleet): boolean {
  return (['moving', 'broken', 'crowded', 'outdated'] as const).every((one) => fleet.in(one).size === 0);
}

function instancesReached(state: RolloutState, fleet: Fleet): boolean {
  return areWantedSettled(fleet) && fleet.in('surplus').size === 0 && state.underWay.size === 0;
}

function isComplete(state: RolloutState, fleet: Fleet): boolean {
  return !state.paused && instancesReached(state, fleet) && !prelude(state, fleet) && !epilogue(state, fleet);
}

function finish(state: RolloutState): RolloutEvent {
  if (state.direction === 'back')
    return { type: 'finished', outcome: 'taken-back', reason: state.reasonBack! };
  const after = state.hooks.get('after_deploy');
  const trouble =
    after !== undefined && after !== 'done' ? `after_deploy failed${because(after.failed)}` : '';
  return { type: 'finished', outcome: 'succeeded', reason: trouble };
}

/** One sentence on what keeps the next instance from being touched, if it is something that should be known. */
function explainWaiting(state: RolloutState, fleet: Fleet): RolloutEvent[] {
  const reason = waitingReason(state, fleet);
  return reason === undefined || reason === state.waitingFor ? [] : [{ type: 'waiting', reason }];
}

function waitingReason(state: RolloutState, fleet: Fleet): string | undefined {
  if (state.paused) return `paused; go on with: fairway resume ${state.plan.app}`;
  if (state.underWay.size > 0) return undefined;
  if (fleet.in('outdated').size === 0 || state.plan.policy.surge > 0 || serviceBudget(state, fleet) > 0)
    return undefined;
  // What this rollout itself is replacing explains itself; what was broken before does not.
  const missing = [...fleet.in('moving'), ...fleet.in('broken')].filter((name) => !state.touched.has(name));
  if (missing.length === 0) return undefined;
  const { length } = fleet.goal.instances;
  return `${fleet.operational} of ${length} serve (not ${missing.join(', ')}); the next one is touched when enough do`;
}

function nextDeadline(state: RolloutState, fleet: Fleet, now: number): number {
  let next = now + IDLE_LOOK_MS;
  const sooner = (at: number | undefined): void => {
    if (at !== undefined && at > now && at < next) next = at;
  };
  sooner(state.whole.retryAt);
  sooner(state.lastProgressAt + state.plan.policy.stallTimeoutMs);
  if (state.lastAdmissionAt !== undefined) sooner(state.lastAdmissionAt + state.plan.policy.soakMs);
  for (const id of state.retrying) sooner(state.slots.get(id)?.retryAt);
  for (const name of fleet.in('moving')) {
    const instance = fleet.instance(name)!;
    sooner(deadlineOf(state, instance.slots[freshSlot(instance, fleet.goal)!]!));
  }
  return next;
}
