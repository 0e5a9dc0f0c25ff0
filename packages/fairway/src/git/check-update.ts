import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type PushUpdate, Refusal } from '../runner/controller.ts';
import { GitFailed, type GitOptions, git } from './git.ts';
import { largeFiles, missingLargeFile } from './large-files.ts';
import { checkRef } from './pre-receive.ts';
import { submoduleProblem } from './submodules.ts';
import { listTree, type TreeEntry, unsafePath } from './tree.ts';

/** What is known of the app that a commit must fit. */
export interface AppExpectations {
  /** The app's folder within the repository, `.` for the root. */
  readonly directory?: string;
  /** The app's `repository:`, where submodules and LFS content may come from. */
  readonly upstream?: string;
}

/**
 * Checks one ref of a push before git accepts it: it moves the branch that deploys, to a commit that can be checked
 * out. Reads the pushed objects from git's quarantine; changes nothing. Throws the Refusal that the person pushing
 * reads.
 */
export async function checkUpdate(
  repository: string,
  branch: string,
  update: PushUpdate,
  app: AppExpectations = {},
): Promise<void> {
  checkRef(branch, update);
  const options = { repository, environment: await quarantine(repository, update) };
  const commit = update.newCommit;
  await requireCommit(commit, branch, options);
  const entries = await readTree(commit, options);
  requireFiles(commit, entries, app.directory ?? '.');
  await requireSubmodules(commit, entries, app.upstream, options);
  await requireLargeFiles(commit, entries, app.upstream, options);
}

/**
 * The objects of a push lie in a folder of their own until it is accepted. The path came over the wire, so only a
 * folder within this repository's objects counts.
 */
async function quarantine(repository: string, update: PushUpdate): Promise<Record<string, string>> {
  const given = update.environment.GIT_QUARANTINE_PATH;
  if (given === undefined) return {};
  const objects = await realpath(join(repository, 'objects'));
  const folder = await realpath(given).catch(() => undefined);
  if (folder === undefined || dirname(folder) !== objects) {
    throw new Refusal(400, 'push-quarantine', `${given} is no quarantine folder of ${repository}.`);
  }
  return { GIT_OBJECT_DIRECTORY: folder, GIT_ALTERNATE_OBJECT_DIRECTORIES: pathInList(objects) };
}

/** Quoted as git's path lists want it, so that a colon in it does not end the path. */
function pathInList(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&')}"`;
}

async function requireCommit(commit: string, branch: string, options: GitOptions): Promise<void> {
  const type = await objectType(commit, options);
  if (type === 'commit') return;
  if (type === undefined) {
    throw new Refusal(
      422,
      'push-missing-object',
      `${commit.slice(0, 12)} did not arrive with the push.`,
      'Push again.',
    );
  }
  throw new Refusal(
    422,
    'push-no-commit',
    `${commit.slice(0, 12)} is a ${type}; only a commit deploys.`,
    type === 'tag' ? `Push its commit: git push fairway 'TAG^{commit}:refs/heads/${branch}'` : undefined,
  );
}

async function objectType(object: string, options: GitOptions): Promise<string | undefined> {
  try {
    return (await git(['cat-file', '-t', object], options)).trim();
  } catch (error) {
    if (error instanceof GitFailed) return undefined;
    throw error;
  }
}

async function readTree(commit: string, options: GitOptions): Promise<readonly TreeEntry[]> {
  try {
    const entries = await listTree(commit, options);
    // Only this commit's own files: that the history is whole is for git to check, and of no need for a deploy.
    await git(['rev-list', '--objects', '--quiet', `${commit}^{tree}`], options);
    const unsafe = unsafePath(entries);
    if (unsafe === undefined) return entries;
    throw new Refusal(
      422,
      'push-unsafe-path',
      `Commit ${commit.slice(0, 12)} holds the path ${JSON.stringify(unsafe)}, which cannot be checked out safely.`,
      'Rename or remove it.',
    );
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error;
    throw new Refusal(
      422,
      'push-missing-object',
      `Commit ${commit.slice(0, 12)} cannot be checked out: ${error.reason.split('\n')[0]}.`,
      'Run "git fsck" in your repository, then push again.',
    );
  }
}

function requireFiles(commit: string, entries: readonly TreeEntry[], directory: string): void {
  if (entries.length === 0) {
    throw new Refusal(
      422,
      'push-empty',
      `Commit ${commit.slice(0, 12)} holds no file.`,
      'Was "git add" forgotten?',
    );
  }
  const folder = directory.replace(/^\.\/|\/+$/g, '');
  if (folder === '.' || folder === '') return;
  const inside = ({ path, kind }: TreeEntry) =>
    path.startsWith(`${folder}/`) || (kind === 'submodule' && `${folder}/`.startsWith(`${path}/`));
  if (entries.some(inside)) return;
  throw new Refusal(
    422,
    'push-no-directory',
    `Commit ${commit.slice(0, 12)} has no folder "${folder}", where fairway.yml says that the app is.`,
    "Correct the app's directory: in fairway.yml, or push the commit that has it.",
  );
}

async function requireSubmodules(
  commit: string,
  entries: readonly TreeEntry[],
  upstream: string | undefined,
  options: GitOptions,
): Promise<void> {
  const found = await submoduleProblem(commit, entries, upstream, options);
  if (found) throw new Refusal(422, 'push-submodule', found.problem, found.hint);
}

async function requireLargeFiles(
  commit: string,
  entries: readonly TreeEntry[],
  upstream: string | undefined,
  options: GitOptions,
): Promise<void> {
  // With an address of their own, or the app's, they can still be fetched when the release is built.
  if (upstream !== undefined || entries.some(({ path }) => path === '.lfsconfig')) return;
  const missing = await missingLargeFile(options.repository!, await largeFiles(commit, entries, options));
  if (!missing) return;
  throw new Refusal(
    422,
    'push-missing-large-file',
    `${missing.path} is kept in Git LFS, and its content was not pushed.`,
    'Push it first: git lfs push --all fairway',
  );
}
