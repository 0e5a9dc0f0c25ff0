import type { RolloutEvent } from '../rollout/events.ts';
import type { RolloutKind, RolloutRecord } from '../store/store.ts';

/** What each kind of request makes needless when it is newer and both are still queued. */
const INCLUDES: Readonly<Record<RolloutKind, readonly RolloutKind[]>> = {
  // A release brings the configuration of its moment with it.
  deploy: ['deploy', 'rollback', 'apply', 'remove'],
  rollback: ['deploy', 'rollback', 'apply', 'remove'],
  // The app is in the file again.
  apply: ['apply', 'remove'],
  remove: ['deploy', 'rollback', 'apply', 'remove'],
};

/** Whether `newer` makes the queued `older` needless. */
export function supersedes(newer: RolloutRecord, older: RolloutRecord): boolean {
  return (
    older.status === 'queued' &&
    newer.status === 'queued' &&
    numberOf(newer) > numberOf(older) &&
    INCLUDES[newer.kind].includes(older.kind)
  );
}

/** Rollouts are counted up per app. */
function numberOf(record: RolloutRecord): number {
  return Number(record.id.slice(record.id.lastIndexOf('-') + 1));
}

/** What a request's journal begins with. `ahead`: the rollout that it waits behind. */
export function announcement(record: RolloutRecord, ahead: string | undefined): readonly RolloutEvent[] {
  const { kind, by, why, commit, release } = record;
  const requested: RolloutEvent = {
    type: 'requested',
    kind,
    by,
    why,
    ...(commit !== undefined && { commit }),
    ...(release !== undefined && { release }),
  };
  return ahead === undefined ? [requested] : [requested, { type: 'queued', behind: ahead }];
}
