import type { Overview } from '../server/api.ts';
import type { Style } from './output/style.ts';

export interface PushPlace {
  /** Of the bare repository, on the control machine. */
  readonly path: string;
  readonly branch: string;
  readonly user: string;
  readonly machine: string;
}

/** What to type in a clone: here, and on another machine. */
export function remoteLines({ path, branch, user, machine }: PushPlace, { paint }: Style): string[] {
  return [
    paint.dim('# once, in the clone of the app, on this machine'),
    `git remote add fairway ${shellWord(path)}`,
    paint.dim('# or on another one'),
    `git remote add fairway ${shellWord(`ssh://${user}@${machine}${encodeURI(path)}`)}`,
    paint.dim('# to deploy'),
    `git push fairway HEAD:${shellWord(branch)}`,
  ];
}

/** The branch that deploys; an app that is no longer in the file has none, and `production` is the default. */
export function branchOf(overview: Overview, app: string): string {
  return overview.apps.find((one) => one.app === app)?.config?.deploy.branch ?? 'production';
}

/** As it can be pasted into a shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
