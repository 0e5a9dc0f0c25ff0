import type { RolloutRecord } from '../../server/api.ts';
import type { Style } from './style.ts';
import type { Cell } from './table.ts';

/** The first seven characters of a commit: what people read aloud. */
export function shortCommit(commit: string): string {
  return commit.slice(0, 7);
}

/** The commit's part of a release's id, short: enough to recognise it beside others of the app. */
export function shortRelease(release: string): string {
  return /^[0-9a-f]{12}-/.test(release) ? release.slice(0, 7) : release;
}

/** The release in a `release+config` label. */
export function releaseOf(generation: string): string {
  return generation.split('+', 1)[0]!;
}

/** `1 release`, `3 releases`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

export function statusCell(status: RolloutRecord['status'], style: Style): Cell {
  const text = status.replace('-', ' ');
  switch (status) {
    case 'succeeded':
      return { text, paint: style.paint.green };
    case 'failed':
    case 'taken-back':
      return { text, paint: style.paint.red };
    case 'building':
    case 'moving':
      return { text, paint: style.paint.cyan };
    case 'queued':
      return { text, paint: style.paint.yellow };
    case 'superseded':
      return { text, paint: style.paint.dim };
  }
}

/** What a rollout is about: `deploy 3f2a91c`, `rollback to 3f2a91c`, `apply`. */
export function subjectOf(rollout: RolloutRecord): string {
  if (rollout.kind === 'rollback') {
    return rollout.release ? `rollback to ${shortRelease(rollout.release)}` : 'rollback';
  }
  const what = rollout.commit
    ? shortCommit(rollout.commit)
    : rollout.release && shortRelease(rollout.release);
  return what ? `${rollout.kind} ${what}` : rollout.kind;
}
