import type { Decision } from './decide.ts';
import type { RolloutEvent, TimedEvent } from './events.ts';

/** What operators say. */
const WORDS: ReadonlySet<RolloutEvent['type']> = new Set([
  'abort-requested',
  'paused',
  'resumed',
  'promote-requested',
]);
const COMPLETIONS: ReadonlySet<RolloutEvent['type']> = new Set(['action-done', 'action-failed']);

/**
 * Whether a decision has to be made anew, for what was recorded while it looked and so could not be known to it. An
 * operator's word is obeyed before anything else is begun; and nobody turns back or ends on the strength of what an
 * action's end has just changed. What else was recorded is in time for the next decision.
 */
export function isOutdated({ events }: Decision, meanwhile: readonly TimedEvent[]): boolean {
  if (meanwhile.some(({ event }) => WORDS.has(event.type))) return true;
  const isTurn = events.some(({ type }) => type === 'taking-back' || type === 'finished');
  return isTurn && meanwhile.some(({ event }) => COMPLETIONS.has(event.type));
}
