import type { App } from '../../config/production.ts';
import type { LaunchPlan } from '../release.ts';
import type { Steps } from '../steps.ts';

/** A checked-out commit that is to become a release. */
export interface Workspace {
  readonly app: App;
  /** The release's root: the whole repository, so that paths between its folders keep working. */
  readonly root: string;
  /** The app's folder within it, absolute. */
  readonly directory: string;
  /** Where things may be kept between builds. */
  readonly cache: string;
  readonly steps: Steps;
  readonly environment: Readonly<Record<string, string>>;
}

/** What a runtime made of a workspace. */
export interface Built {
  readonly launch: LaunchPlan;
  /** Facts worth keeping in the release: versions, the package manager. Nothing that changes from build to build. */
  readonly facts: Readonly<Record<string, string>>;
}

/** How apps of one kind are built, in place, and how they are started. Throws BuildFailed. */
export interface RuntimeBuilder {
  build(workspace: Workspace): Promise<Built>;
}

/** Folder at the release's root for what Fairway adds to it. */
export const OWN_FOLDER = '.fairway';
