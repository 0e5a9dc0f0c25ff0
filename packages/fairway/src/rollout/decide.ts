import type { Action, Intent } from './actions.ts';
import { epilogue, prelude } from './app-actions.ts';
import { canaryActions, canaryBegins, takeShareBack } from './canary.ts';
import { shareFound } from './canary-hold.ts';
import type { RolloutEvent } from './events.ts';
import type { Fleet } from './fleet.ts';
import { areWantedSettled, instanceSteps } from './instance-steps.ts';
import { notice } from './notice.ts';
import { isCanary, type RolloutState, standsStill } from './state.ts';
import { because, condemn, HALF_MOVED, stalledBecause } from './verdict.ts';
import { explainWaiting, IDLE_LOOK_MS, nextDeadline } from './waiting.ts';

/** What to record and do now. Events go to the journal, in order, before any action is begun. */
export interface Decision {
  readonly events: readonly RolloutEvent[];
  readonly actions: readonly Intent[];
  /** Unix ms: look again then, even if nothing is seen to happen. */
  readonly lookAgainAt: number;
}

/**
 * The heart: from what the journal knows (`state`), what is seen (`fleet`, sorted by the state's present goal) and the
 * time, what to do next. Pure: the same three always give the same answer, and nothing is changed by asking.
 *
 * Cost: proportional to the instances that are under way or broken, not to all of them.
 */
export function decide(state: RolloutState, fleet: Fleet, now: number): Decision {
  if (state.finished) return { events: [], actions: [], lookAgainAt: Number.POSITIVE_INFINITY };
  const turn = turnOrGiveUp(state, fleet, now);
  if (turn) return tell([turn], now);
  if (canaryBegins(state, fleet)) return tell([{ type: 'canary-begun' }], now);
  const found = shareFound(state, fleet);
  if (found) return tell([found], now);
  const noticed = notice(state, fleet, now);
  const actions = nextActions(state, fleet, now);
  if (actions.length > 0) return act(state, noticed, actions, now);
  if (isComplete(state, fleet)) return tell([...noticed, finish(state)], now);
  return {
    events: [...noticed, ...explainWaiting(state, fleet, now)],
    actions: [],
    lookAgainAt: nextDeadline(state, fleet, now),
  };
}

/** Forward, whether the target has shown itself unfit; going back, whether even that gets on no more. */
function turnOrGiveUp(state: RolloutState, fleet: Fleet, now: number): RolloutEvent | undefined {
  if (state.direction === 'forward') {
    const condemnation = condemn(state, fleet, now);
    return condemnation && { type: 'taking-back', evidence: [], ...condemnation };
  }
  if (!standsStill(state, now)) return undefined;
  const reason = `${state.reasonBack}; then, taking it back: ${stalledBecause(state)}; ${HALF_MOVED}`;
  return { type: 'finished', outcome: 'failed', reason };
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

function nextActions(state: RolloutState, fleet: Fleet, now: number): Action[] {
  if (state.busy.has('') || (state.whole.retryAt !== undefined && now < state.whole.retryAt)) return [];
  const first = takeShareBack(state, fleet) ?? prelude(state, fleet);
  if (first) return [first];
  if (isCanary(state)) return canaryActions(state, fleet, now);
  const steps = instanceSteps(state, fleet, now);
  if (steps.length > 0 || !instancesReached(state, fleet)) return steps;
  const last = epilogue(state, fleet);
  return last ? [last] : [];
}

function instancesReached(state: RolloutState, fleet: Fleet): boolean {
  return areWantedSettled(fleet) && fleet.in('surplus').size === 0 && state.underWay.size === 0;
}

function isComplete(state: RolloutState, fleet: Fleet): boolean {
  return (
    !state.paused &&
    !takeShareBack(state, fleet) &&
    instancesReached(state, fleet) &&
    !prelude(state, fleet) &&
    !epilogue(state, fleet)
  );
}

function finish(state: RolloutState): RolloutEvent {
  if (state.direction === 'back')
    return { type: 'finished', outcome: 'taken-back', reason: state.reasonBack! };
  const after = state.hooks.get('after_deploy');
  const trouble =
    after !== undefined && after !== 'done' ? `after_deploy failed${because(after.failed)}` : '';
  return { type: 'finished', outcome: 'succeeded', reason: trouble };
}
