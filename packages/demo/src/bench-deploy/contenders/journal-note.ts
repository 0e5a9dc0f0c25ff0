import type { RolloutEvent } from 'fairway/dist/rollout/events.js';
import { slotId } from 'fairway/dist/rollout/slot.js';
import type { DeployNote } from '../contender.ts';

/** A line of `fairway show --json`. */
export interface JournalLine {
  /** ISO 8601. */
  readonly at: string;
  readonly event: RolloutEvent;
}

/** What a rollout's journal says of its own time, and of the app's boots in it. */
export function noteOf(journal: readonly JournalLine[]): DeployNote {
  const lines = journal.map(({ at, event }) => ({ at: Date.parse(at), event }));
  const begin = lines.find(({ event }) => event.type === 'started');
  const end = lines.find(({ event }) => event.type === 'finished');
  if (!begin || !end || end.event.type !== 'finished') throw new Error('the rollout has not ended');
  if (end.event.outcome !== 'succeeded')
    throw new Error(`the rollout ended ${end.event.outcome}: ${end.event.reason}`);
  const startedAt = new Map<string, number>();
  let slowestMs = 0;
  for (const { at, event } of lines) {
    if (event.type !== 'action-intended') continue;
    if (event.action.kind === 'start') startedAt.set(slotId(event.action.slot), at);
    if (event.action.kind === 'admit')
      slowestMs = Math.max(slowestMs, at - (startedAt.get(slotId(event.action.slot)) ?? at));
  }
  return { rolloutSeconds: (end.at - begin.at) / 1000, slowestBootSeconds: slowestMs / 1000 };
}
