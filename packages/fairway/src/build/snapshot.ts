import { randomUUID } from 'node:crypto';
import { lstat, readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { GitFailed, type GitOptions, git, gitValue, nulSeparated } from '../git/git.ts';
import { Refusal } from '../runner/controller.ts';

export interface SnapshotRequest {
  /** Absolute path of the app's bare repository. */
  readonly repository: string;
  /** Absolute path of the folder to deploy. */
  readonly directory: string;
  /** Who deploys it. */
  readonly by: string;
  /** What it is, for people; otherwise the folder's name and, in a git work tree, its commit. */
  readonly subject?: string;
}

const REF = 'refs/fairway/snapshot';
const LEFT_OUT = new Set(['.git', 'node_modules', '.fairway']);

/** Files as they are: no line ending changes, and no LFS, whose content is at hand. */
const PLAIN = [
  ['core.autocrlf', 'false'],
  ['core.safecrlf', 'false'],
  ['filter.lfs.clean', ''],
  ['filter.lfs.process', ''],
  ['filter.lfs.required', 'false'],
].flatMap(([key, value]) => ['-c', `${key}=${value}`]);

/**
 * Brings a folder's files into the app's repository as a commit, and answers with its id. Of a git work tree: what is
 * tracked or new but not ignored, as it lies there now. Same files, same commit. The folder is only read: index and
 * objects are those of the app's repository.
 */
export async function snapshot(request: SnapshotRequest): Promise<string> {
  const { repository, directory } = request;
  await requireFolder(directory);
  const paths = (await workTreeFiles(directory)) ?? (await allFiles(directory));
  if (paths.length === 0) throw new Refusal(422, 'snapshot-empty', `${directory} holds no file to deploy.`);
  const index = join(repository, `fairway-index-${randomUUID()}`);
  const environment = { GIT_DIR: repository, GIT_WORK_TREE: directory, GIT_INDEX_FILE: index };
  try {
    const tree = await writeTree(paths, { directory, environment });
    return (await unchanged(repository, tree)) ?? (await commit(request, tree));
  } finally {
    await rm(index, { force: true });
    await rm(`${index}.lock`, { force: true });
  }
}

async function requireFolder(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new Refusal(422, 'snapshot-no-folder', `${directory} is no folder on the control server's machine.`);
}

/** Undefined when the folder is in no git work tree. */
async function workTreeFiles(directory: string): Promise<readonly string[] | undefined> {
  try {
    const inside = await git(['rev-parse', '--is-inside-work-tree'], { directory });
    if (inside.trim() !== 'true') return undefined;
  } catch (error) {
    if (error instanceof GitFailed && /not a git repository/.test(error.reason)) return undefined;
    throw error;
  }
  const listed = await git(['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { directory });
  const present: string[] = [];
  for (const path of new Set(nulSeparated(listed))) {
    if (path.split('/').includes('.fairway')) continue;
    // Deleted and not yet recorded as such.
    if ((await lstat(join(directory, path)).catch(() => undefined)) !== undefined) present.push(path);
  }
  return present;
}

async function allFiles(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  const visit = async (parent: string): Promise<void> => {
    for (const entry of await readdir(join(directory, parent), { withFileTypes: true })) {
      if (LEFT_OUT.has(entry.name)) continue;
      const path = parent === '' ? entry.name : `${parent}/${entry.name}`;
      if (entry.isDirectory()) await visit(path);
      else if (entry.isFile() || entry.isSymbolicLink()) found.push(path);
    }
  };
  await visit('');
  return found;
}

async function writeTree(paths: readonly string[], options: GitOptions): Promise<string> {
  const input = paths.map((path) => `${path.replace(/\/$/, '')}\0`).join('');
  await git([...PLAIN, 'update-index', '--add', '-z', '--stdin'], {
    ...options,
    input,
    timeoutMs: 10 * 60_000,
  });
  return (await git(['write-tree'], options)).trim();
}

/** The last snapshot, when it has the same files: it may be built already. */
async function unchanged(repository: string, tree: string): Promise<string | undefined> {
  const last = await gitValue(['rev-parse', '--verify', '--quiet', `${REF}^{commit}`], { repository });
  if (last === undefined) return undefined;
  return (await gitValue(['rev-parse', '--verify', '--quiet', `${last}^{tree}`], { repository })) === tree
    ? last
    : undefined;
}

async function commit(request: SnapshotRequest, tree: string): Promise<string> {
  const { repository } = request;
  const who = request.by.replace(/[<>\p{Cc}]/gu, ' ').trim() || 'fairway';
  const environment = {
    GIT_AUTHOR_NAME: who,
    GIT_AUTHOR_EMAIL: '',
    GIT_COMMITTER_NAME: 'Fairway',
    GIT_COMMITTER_EMAIL: '',
  };
  const input = `${request.subject ?? (await subjectOf(request.directory))}\n`;
  const made = (
    await git(['-c', 'commit.gpgSign=false', 'commit-tree', tree], { repository, environment, input })
  ).trim();
  await git(['update-ref', REF, made], { repository });
  return made;
}

async function subjectOf(directory: string): Promise<string> {
  const head = await git(['rev-parse', '--short', '--verify', 'HEAD'], { directory }).catch(() => undefined);
  const name = `Files of ${basename(directory)}`;
  return head === undefined ? name : `${name}, at or after commit ${head.trim()}`;
}
