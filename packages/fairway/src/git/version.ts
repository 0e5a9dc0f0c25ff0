import semver from 'semver';
import { git } from './git.ts';

/** Has `GIT_CONFIG_COUNT` (2.31), which keeps addresses with passwords out of the process list. */
const OLDEST = '2.31.0';

/** The installed git is too old for what Fairway asks of it. */
class GitTooOld extends Error {
  override readonly name = 'GitTooOld';
  readonly code = 'git-too-old';
  constructor(found: string) {
    super(
      `git ${found} is too old: Fairway needs ${OLDEST.replace(/\.0$/, '')} or newer. Upgrade git on this machine.`,
    );
  }
}

/** Throws GitMissing (`git.ts`) or {@link GitTooOld} when git cannot do what Fairway needs. */
export async function requireGit(): Promise<void> {
  checkVersion(await git(['version']));
}

/** `text`: what `git version` printed, such as `git version 2.39.5 (Apple Git-154)`. */
export function checkVersion(text: string): void {
  const found = semver.coerce(text);
  if (found === null || semver.lt(found, OLDEST)) throw new GitTooOld(found?.version ?? text.trim());
}
