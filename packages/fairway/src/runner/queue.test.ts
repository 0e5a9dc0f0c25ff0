import { expect, it } from 'vitest';
import type { RolloutKind, RolloutRecord } from '../store/store.ts';
import { supersedes } from './queue.ts';

function queued(
  number: number,
  kind: RolloutKind,
  status: RolloutRecord['status'] = 'queued',
): RolloutRecord {
  return { id: `web-${number}`, app: 'web', kind, status, by: '', why: '', requestedAt: 0 };
}

it.each([
  ['deploy', 'deploy', true],
  ['deploy', 'apply', true],
  ['deploy', 'rollback', true],
  ['rollback', 'deploy', true],
  ['apply', 'apply', true],
  ['remove', 'deploy', true],
  // The app is in the file again.
  ['apply', 'remove', true],
  ['deploy', 'remove', true],
  ['rollback', 'remove', true],
  // What an apply brings holds no release.
  ['apply', 'deploy', false],
] as const)('a newer %s makes a queued %s needless: %s', (newer, older, expected) => {
  expect(supersedes(queued(10, newer), queued(9, older))).toBe(expected);
});

it('never ends what is newer, or under way already', () => {
  expect(supersedes(queued(9, 'deploy'), queued(10, 'deploy'))).toBe(false);
  expect(supersedes(queued(10, 'deploy'), queued(9, 'deploy', 'moving'))).toBe(false);
});
