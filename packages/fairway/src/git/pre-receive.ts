import { type PushUpdate, Refusal } from '../runner/controller.ts';

const QUARANTINE = [
  'GIT_QUARANTINE_PATH',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
] as const;

/**
 * Reads what git hands to `pre-receive` and `post-receive`: a line `<old> <new> <ref>` per changed ref. Of the
 * environment only git's quarantine is kept. Format: `githooks(5)`.
 */
export function parsePush(input: string, environment: NodeJS.ProcessEnv = {}): PushUpdate[] {
  const kept: Record<string, string> = {};
  for (const name of QUARANTINE) {
    const value = environment[name];
    if (value !== undefined) kept[name] = value;
  }
  return input.split('\n').flatMap((line) => {
    const match = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (.+)$/.exec(line);
    if (!match) return [];
    return [{ oldCommit: match[1]!, newCommit: match[2]!, ref: match[3]!, environment: kept }];
  });
}

/** Throws a Refusal unless exactly one ref changes: one push deploys one commit. */
export function checkSingle(updates: readonly PushUpdate[]): void {
  if (updates.length <= 1) return;
  throw new Refusal(
    409,
    'push-several-refs',
    `This push changes ${updates.length} refs (${updates.map(({ ref }) => shortName(ref)).join(', ')}); a push deploys one commit.`,
    'Push only the branch that deploys: git push fairway BRANCH',
  );
}

/** Throws a Refusal unless the update moves the branch that deploys. Looks at names alone. */
export function checkRef(branch: string, update: PushUpdate): void {
  const { ref } = update;
  const name = shortName(ref);
  const deletes = isZero(update.newCommit);
  if (ref === `refs/heads/${branch}`) {
    if (!deletes) return;
    throw new Refusal(
      409,
      'push-deletes-branch',
      `"${branch}" cannot be deleted: it says what runs.`,
      'To take the app down, remove it from fairway.yml and run "fairway apply".',
    );
  }
  if (deletes) {
    throw new Refusal(
      409,
      'push-deletes-ref',
      `"${name}" does not deploy here, so there is nothing to delete.`,
    );
  }
  if (ref.startsWith('refs/tags/')) {
    throw new Refusal(
      409,
      'push-tag',
      `"${name}" is a tag, and tags do not deploy.`,
      `Push its commit to ${branch}: git push fairway '${name}^{commit}:refs/heads/${branch}'`,
    );
  }
  if (!ref.startsWith('refs/heads/')) {
    throw new Refusal(
      409,
      'push-other-ref',
      `"${ref}" does not deploy here.`,
      `Push to ${branch}: git push fairway HEAD:refs/heads/${branch}`,
    );
  }
  throw new Refusal(
    409,
    'push-other-branch',
    `"${name}" does not deploy here.`,
    `Push to ${branch}: git push fairway ${name}:${branch}`,
  );
}

function shortName(ref: string): string {
  return ref.replace(/^refs\/(heads|tags)\//, '');
}

/** Git's way of saying "none" in place of an id. */
function isZero(id: string): boolean {
  return /^0+$/.test(id);
}
