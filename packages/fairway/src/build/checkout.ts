import { appendFile, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { git } from '../git/git.ts';
import { largeFiles } from '../git/large-files.ts';
import { listTree } from '../git/tree.ts';
import { BuildFailed } from './build-failed.ts';
import type { Steps } from './steps.ts';

export interface CheckoutOptions {
  /** The bare repository. */
  readonly repository: string;
  readonly commit: string;
  /** Where the files go; made here. */
  readonly directory: string;
  /** The app's `repository:`, which relative submodule addresses and LFS content refer to. */
  readonly upstream: string | undefined;
  readonly steps: Steps;
  readonly environment: Readonly<Record<string, string>>;
}

/** The same files whatever the user's git settings: no line ending changes, no hooks, LFS in a step of its own. */
const PLAIN = [
  ['core.autocrlf', 'false'],
  ['core.symlinks', 'true'],
  ['core.hooksPath', '/dev/null'],
  ['advice.detachedHead', 'false'],
  ['filter.lfs.smudge', ''],
  ['filter.lfs.process', ''],
  ['filter.lfs.required', 'false'],
].flatMap(([key, value]) => ['-c', `${key}=${value}`]);

/** Writes a commit's files, those of its submodules and its LFS content included, into a new folder. */
export async function checkOut(options: CheckoutOptions): Promise<void> {
  const { directory, commit, steps } = options;
  await borrowObjects(options);
  await steps.run({
    name: 'checkout',
    title: `git checkout ${commit.slice(0, 12)}`,
    command: ['git', ...PLAIN, 'checkout', '--quiet', '--detach', commit, '--'],
    directory,
  });
  const entries = await listTree(commit, { directory });
  if (entries.some((entry) => entry.kind === 'submodule')) await fetchSubmodules(options);
  for (const folder of [directory, ...(await submoduleFolders(directory))])
    await fetchLargeFiles(folder, options);
}

/** A repository that reads the bare one's objects in place: no copy, and no dependence on its refs. */
async function borrowObjects({ repository, directory, upstream }: CheckoutOptions): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await git(['init', '--quiet', '--template=', '--initial-branch=fairway'], { directory });
  const own = join(directory, '.git');
  await mkdir(join(own, 'objects', 'info'), { recursive: true });
  await writeFile(join(own, 'objects', 'info', 'alternates'), `${join(repository, 'objects')}\n`);
  await copyFile(join(repository, 'shallow'), join(own, 'shallow')).catch(ignoreMissing);
  if (upstream !== undefined) {
    // By file and not by `git config`: an address can hold a password, and arguments are public.
    await appendFile(
      join(own, 'config'),
      `[remote "origin"]\n\turl = "${upstream.replace(/["\\]/g, '\\$&')}"\n`,
    );
  }
}

async function fetchSubmodules({ directory, steps }: CheckoutOptions): Promise<void> {
  await steps.run({
    name: 'submodules',
    title: 'git submodule update --init --recursive',
    // Paths of this machine are allowed: whoever pushes runs build scripts as this user anyway.
    command: [
      'git',
      ...PLAIN,
      '-c',
      'protocol.file.allow=always',
      'submodule',
      'update',
      '--init',
      '--recursive',
      '--quiet',
    ],
    directory,
    hint: () =>
      'The control server must be able to fetch the submodule: check its address in .gitmodules, that its commit was pushed, and that this user may read it.',
  });
}

async function submoduleFolders(directory: string): Promise<string[]> {
  // The script is constant: git runs it in each submodule.
  const output = await git(
    ['submodule', 'foreach', '--quiet', '--recursive', 'printf "%s\\0" "$toplevel/$sm_path"'],
    {
      directory,
    },
  );
  return output.split('\0').filter(Boolean);
}

async function fetchLargeFiles(folder: string, options: CheckoutOptions): Promise<void> {
  const files = await largeFiles('HEAD', await listTree('HEAD', { directory: folder }), {
    directory: folder,
  });
  if (files.length === 0) return;
  if (!(await hasGitLfs(options.environment))) {
    throw new BuildFailed({
      step: 'large files',
      reason: `${files[0]!.path} is kept in Git LFS, and git-lfs is not installed on this machine.`,
      hint: 'Install the package git-lfs (Debian, Ubuntu: apt-get install git-lfs) and deploy again.',
    });
  }
  await options.steps.run({
    name: 'large files',
    title: 'git lfs pull',
    // What a push by path brought along lies there already, and what is fetched now stays for the next build.
    command: ['git', '-c', `lfs.storage=${join(options.repository, 'lfs')}`, 'lfs', 'pull'],
    directory: folder,
    hint: () =>
      "Its content must have been pushed (git lfs push --all fairway), or be at the app's repository: in fairway.yml.",
  });
}

async function hasGitLfs(environment: Readonly<Record<string, string>>): Promise<boolean> {
  const result = await execa('git', ['lfs', 'version'], {
    env: environment,
    extendEnv: false,
    reject: false,
  });
  return result.exitCode === 0;
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
