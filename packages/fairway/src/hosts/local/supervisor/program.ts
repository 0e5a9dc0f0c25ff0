import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, relative, resolve } from 'node:path';
import type { Launch } from '../../hosts.ts';
import type { Program } from './supervised-process.ts';

/** What a launch means on this machine: absolute folders, the whole environment, `${NAME}`s replaced. */
export function programOf(launch: Launch, release: string): Program {
  const env = environmentOf(launch, release);
  // Secrets are not replaced: arguments are shown to everybody on the machine.
  const [file = '', ...args] = launch.command.map((argument) => replaceNames(argument, env));
  const cwd = inside(release, launch.directory);
  return { file, args, cwd, env: { ...env, ...launch.secrets } };
}

/** PATH, HOME and LANG are ours where the launch does not give them; nothing else of our environment gets through. */
function environmentOf(launch: Launch, release: string): Record<string, string> {
  const folders = (launch.path ?? []).map((folder) => inside(release, folder));
  // Where the PATH that we were started with has no Node (a version manager's shell function, a git hook), ours is used.
  const base =
    launch.env.PATH ?? [process.env.PATH, dirname(process.execPath)].filter(Boolean).join(delimiter);
  return {
    HOME: homedir(),
    LANG: process.env.LANG ?? 'C.UTF-8',
    ...launch.env,
    PATH: [...folders, base].join(delimiter),
  };
}

/** Names that are not in the environment stay, for they may mean something to a script: `sh -c 'for f …; echo ${f}'`. */
function replaceNames(argument: string, env: Readonly<Record<string, string>>): string {
  return argument.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (text, name: string) => env[name] ?? text);
}

function inside(release: string, folder: string): string {
  const path = resolve(release, folder);
  const way = relative(release, path);
  if (way.startsWith('..') || isAbsolute(way)) throw new OutsideRelease(folder, release);
  return path;
}

/** A launch names a folder that is not in its release. */
export class OutsideRelease extends Error {
  override readonly name = 'OutsideRelease';
  readonly code = 'outside-release';
  constructor(folder: string, release: string) {
    super(`${folder} is not inside the release ${release}; give a folder relative to it`);
  }
}
