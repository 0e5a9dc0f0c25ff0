import { stripVTControlCharacters } from 'node:util';
import { Refusal } from '../runner/controller.ts';
import { GitFailed, git, gitValue } from './git.ts';

export interface Commit {
  /** Full id. */
  readonly commit: string;
  /** First line of the message, without control characters. Still text that anybody may have written. */
  readonly subject: string;
  readonly author: string;
  /** When it was committed; Unix time, ms. */
  readonly at: number;
}

const FORMAT = '--format=tformat:%H%x00%an%x00%ct%x00%s%x00';

/** Who wrote a commit, when, and what it says it does. */
export async function describeCommit(repository: string, commit: string): Promise<Commit> {
  const [described] = await list(repository, ['-1', commit]);
  if (!described) throw new Refusal(404, 'commit-not-found', `${commit} is not a commit of ${repository}.`);
  return described;
}

/** Commits that `to` has and `from` has not, newest first: what a deploy brings. Empty when `from` is not known. */
export async function commitsBetween(
  repository: string,
  from: string,
  to: string,
  limit = 100,
): Promise<readonly Commit[]> {
  if ((await gitValue(['cat-file', '-t', from], { repository }).catch(() => undefined)) !== 'commit')
    return [];
  return await list(repository, [`-${limit}`, `^${from}`, to]);
}

async function list(repository: string, selection: readonly string[]): Promise<Commit[]> {
  const output = await git(
    ['log', '--no-show-signature', '--no-color', '--encoding=UTF-8', FORMAT, ...selection, '--'],
    { repository },
  );
  const fields = output.split('\0');
  const commits: Commit[] = [];
  for (let at = 0; at + 4 <= fields.length; at += 4) {
    const [commit, author, seconds, subject] = fields.slice(at, at + 4) as [string, string, string, string];
    commits.push({
      commit: commit.trim(),
      subject: oneLine(subject),
      author: oneLine(author),
      at: Number(seconds) * 1000,
    });
  }
  return commits;
}

/** Terminal control sequences and text direction overrides have no place in a name or a title. */
function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim();
}

/**
 * The full id of the commit that a person named: an id, the beginning of one, a branch or a tag. Throws a Refusal that
 * says what the repository has.
 */
export async function resolveCommit(repository: string, text: string): Promise<string> {
  if (isRevision(text)) {
    try {
      return (
        await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${text}^{commit}`], {
          repository,
        })
      ).trim();
    } catch (error) {
      if (!(error instanceof GitFailed)) throw error;
    }
  }
  throw new Refusal(
    404,
    'commit-not-found',
    `${JSON.stringify(text)} names no commit of this app's repository, or more than one.`,
    await whatThereIs(repository),
  );
}

/** The plain forms only: no option, no range, no search in messages. */
function isRevision(text: string): boolean {
  return text.length > 0 && text.length <= 250 && !/^[-.]|\.\.|@\{|[\s:?*[\\\p{Cc}]/u.test(text);
}

async function whatThereIs(repository: string): Promise<string> {
  const heads = await git(
    [
      'for-each-ref',
      '--count=5',
      '--sort=-committerdate',
      '--format=%(refname:short) (%(objectname:short))',
      'refs/heads',
    ],
    { repository },
  );
  const names = heads.trim().split('\n').filter(Boolean);
  if (names.length === 0) return 'Nothing has been pushed yet.';
  return `It has ${names.join(', ')}; give a commit id with at least its first 7 characters.`;
}
