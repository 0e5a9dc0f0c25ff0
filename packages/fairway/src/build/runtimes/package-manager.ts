import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import semver from 'semver';
import { isThere } from '../artifact.ts';
import { type PackageJson, readPackageJson } from './package-json.ts';

/** Which package manager an app was written with. */
export interface PackageManager {
  readonly name: 'npm' | 'yarn' | 'pnpm';
  /** Exact; undefined: the npm that is installed. */
  readonly version?: string;
  /** Name of the lock file, if there is one. */
  readonly lockFile?: string;
}

/** The newest of each line that its lock file format still fits and that runs on every supported Node. */
const PNPM_BY_LOCK: Readonly<Record<string, string>> = { '5': '7.33.7', '6': '8.15.9', '9': '9.15.9' };
const YARN_CLASSIC = '1.22.22';
const YARN_BY_LOCK: readonly { readonly from: number; readonly version: string }[] = [
  { from: 8, version: '4.9.4' },
  { from: 6, version: '3.8.7' },
  { from: 0, version: '2.4.3' },
];

/** Chosen by the lock file, and by `packageManager` where that names the same one: lock files are what installs. */
export async function detectPackageManager(folder: string, app: PackageJson): Promise<PackageManager> {
  const named = /^(npm|yarn|pnpm)@(\d+\.\d+\.\d+(?:-[\w.-]+)?)/.exec(app.packageManager ?? '');
  const found = await byLockFile(folder);
  if (!named) return found ?? { name: 'npm' };
  const name = named[1] as PackageManager['name'];
  if (found && found.name !== name) return found;
  const lockFile = found?.lockFile === undefined ? {} : { lockFile: found.lockFile };
  // The installed npm reads every npm lock file; fetching another one would bring nothing.
  return name === 'npm' ? { name, ...lockFile } : { name, version: named[2]!, ...lockFile };
}

async function byLockFile(folder: string): Promise<PackageManager | undefined> {
  for (const lockFile of ['npm-shrinkwrap.json', 'package-lock.json']) {
    if (await isThere(join(folder, lockFile))) return { name: 'npm', lockFile };
  }
  const pnpm = await read(join(folder, 'pnpm-lock.yaml'));
  if (pnpm !== undefined) {
    const format = /^lockfileVersion:\s*['"]?(\d+)/m.exec(pnpm)?.[1] ?? '9';
    return { name: 'pnpm', version: PNPM_BY_LOCK[format] ?? PNPM_BY_LOCK['9']!, lockFile: 'pnpm-lock.yaml' };
  }
  const yarn = await read(join(folder, 'yarn.lock'));
  if (yarn === undefined) return undefined;
  const format = /^__metadata:\s*\n\s+version:\s*(\d+)/m.exec(yarn)?.[1];
  const version =
    format === undefined
      ? YARN_CLASSIC
      : YARN_BY_LOCK.find((candidate) => Number(format) >= candidate.from)!.version;
  return { name: 'yarn', version, lockFile: 'yarn.lock' };
}

/** Yarn from 2 on has other commands than Yarn 1. */
export function isModernYarn(manager: PackageManager): boolean {
  return manager.name === 'yarn' && semver.major(manager.version!) >= 2;
}

/** The folder to install in: the app's own, or that of the workspace which it is a part of. */
export async function installFolder(root: string, directory: string): Promise<string> {
  if (await byLockFile(directory)) return directory;
  for (let folder = join(directory, '..'); folder.startsWith(root); folder = join(folder, '..')) {
    const isWorkspace =
      (await readPackageJson(folder))?.workspaces !== undefined ||
      (await isThere(join(folder, 'pnpm-workspace.yaml')));
    if (isWorkspace) return folder;
  }
  return directory;
}

async function read(file: string): Promise<string | undefined> {
  return await readFile(file, 'utf8').catch(() => undefined);
}
