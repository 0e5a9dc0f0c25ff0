import type { App } from '../config/production.ts';
import type { PushUpdate } from './controller.ts';

/** Where commits come from; the part of git that a controller needs. */
export interface Commits {
  /** Path of the app's bare repository, made on first use. */
  readonly repository: (app: App) => Promise<string>;
  readonly pathOf: (app: string) => string;
  /** Full id of a commit of the app's repository. Throws a Refusal that says what is wrong with `text`. */
  readonly resolve: (app: App, text: string) => Promise<string>;
  /** Brings a commit, or the newest one of the branch, from the app's `repository:`. */
  readonly fetch: (app: App, commit: string | undefined) => Promise<string>;
  /** Keeps a folder's files as a commit. */
  readonly snapshot: (app: App, directory: string, by: string) => Promise<string>;
  readonly check: (app: App, update: PushUpdate) => Promise<void>;
}
