import type { RolloutEvent, TimedEvent } from './events.ts';
import type { SlotId } from './slot.ts';
import { begin, memoryOf, type RolloutState, standsStill } from './state.ts';
import { done, failed, intended, land, progressed, stepReached } from './under-way.ts';

/** The state that a journal tells; undefined before its `started` event. */
export function replay(journal: Iterable<TimedEvent>): RolloutState | undefined {
  let state: RolloutState | undefined;
  for (const { at, event } of journal) {
    if (event.type === 'started') state = begin(event.plan, at);
    else if (state) advance(state, event, at);
  }
  return state;
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
      holdAnew(state, at);
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
      goOn(state, at);
      return;
    case 'abort-requested':
      if (state.direction === 'back' && standsStill(state, at))
        state.givenUp = { by: event.by, why: event.why };
      state.abort ??= { by: event.by, why: event.why, ...(event.alert && { alert: true }) };
      // On the way forward the turn ends a pause; on the way back there is none to come.
      if (state.direction === 'back' && state.paused) goOn(state, at);
      return;
    case 'canary-begun':
      state.canary = { step: -1, since: at, passed: -1, promotion: 'none' };
      return;
    case 'step-passed':
      if (state.canary) state.canary.passed = event.step;
      progressed(state, at);
      return;
    case 'share-found':
      stepReached(state, event.step, at);
      return;
    case 'promote-requested':
      force(state, event.all);
      progressed(state, at);
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
    case 'judged':
      return;
  }
}

/** Nobody has looked meanwhile: the present step begins again, and nothing is raised before that. */
function holdAnew({ canary }: RolloutState, at: number): void {
  if (!canary) return;
  canary.since = at;
  canary.passed = canary.step - 1;
}

/**
 * An operator ends the present step, or all that come before everything is given to the new release. Before the first one
 * has its share there is none to end.
 */
function force(state: RolloutState, all: boolean): void {
  const { policy } = state.plan;
  if (policy.strategy !== 'canary') return;
  const last = policy.steps.length - 1;
  const present = state.canary?.step ?? -1;
  if (present < 0 && !all) return;
  state.forced = Math.max(state.forced, all && present < last ? last - 1 : present);
}

function goOn(state: RolloutState, at: number): void {
  state.paused = false;
  progressed(state, at);
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

function recovered(state: RolloutState, id: SlotId): void {
  delete memoryOf(state, id).unhealthySince;
  state.unhealthy.delete(id);
}
