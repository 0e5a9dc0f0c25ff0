import type { RolloutEvent } from './events.ts';
import { type RolloutState, standsStill } from './state.ts';
import { abortedBy, because, HALF_MOVED, stalledBecause } from './verdict.ts';

/**
 * What to say when it cannot be seen what runs, or a round ended in an error of ours. Never an action: each is chosen from
 * what runs. A rollout that has begun nothing may just end. One that has is not left half moved: it turns back, and stays
 * unfinished until it can see again, or until somebody who has looked for himself aborts it once more.
 */
export function decideUnseen(state: RolloutState, now: number): RolloutEvent | undefined {
  const { abort, givenUp, direction } = state;
  if (state.finished) return undefined;
  if (direction === 'back')
    return givenUp && failed(`${state.reasonBack}; then given up by ${givenUp.by}${because(givenUp.why)}`);
  const reason = abort ? abortedBy(abort) : standsStill(state, now) ? stalledBecause(state) : undefined;
  if (reason === undefined) return undefined;
  if (state.nextAction > 1) return { type: 'taking-back', reason, evidence: [] };
  const outcome = abort ? 'taken-back' : 'failed';
  return { type: 'finished', outcome, reason: `${reason}; nothing was touched` };
}

function failed(reason: string): RolloutEvent {
  return { type: 'finished', outcome: 'failed', reason: `${reason}; ${HALF_MOVED}` };
}

/** Why the rollout waits while nothing can be seen, and the way out once that lasts. */
export function unseenBecause(state: RolloutState, trouble: string, now: number): string {
  const what = `cannot see what runs: ${trouble}`;
  if (state.direction === 'forward' || !standsStill(state, now)) return what;
  return `${what}; it is taken back when that can be seen again; to leave all as it is now: fairway abort ${state.plan.app}`;
}
