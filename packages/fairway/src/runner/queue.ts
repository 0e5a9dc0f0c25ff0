import type { RolloutKind, RolloutRecord } from '../store/store.ts';

/** What each kind of request makes needless when it is newer and both are still queued. */
const INCLUDES: Readonly<Record<RolloutKind, readonly RolloutKind[]>> = {
  // A release brings the configuration of its moment with it.
  deploy: ['deploy', 'rollback', 'apply'],
  rollback: ['deploy', 'rollback', 'apply'],
  apply: ['apply'],
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
