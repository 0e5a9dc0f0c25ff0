import { canonicalJson, digestOf } from './canonical-json.ts';
import type { App } from './production.ts';

export interface PinnedApp {
  /** 12 hexadecimal digits; the same for the same configuration, in whatever order it was written. */
  readonly digest: string;
  readonly json: string;
}

/** An app's whole configuration as a rollout keeps it, so that a rollback restores it with the release. */
export function pinApp(app: App): PinnedApp {
  return { digest: digestOf(app), json: canonicalJson(app) };
}

/**
 * What {@link pinApp} wrote.
 *
 * @throws DamagedPin when the text is something else
 */
export function unpinApp(json: string): App {
  let app: unknown;
  try {
    app = JSON.parse(json);
  } catch (cause) {
    throw new DamagedPin(cause);
  }
  if (typeof app !== 'object' || app === null || !('name' in app && 'runtime' in app && 'deploy' in app)) {
    throw new DamagedPin(undefined);
  }
  return app as App;
}

/**
 * Digest of what an instance depends on: what a `Launch` holds of the configuration, and how it is checked, for a changed
 * check must be passed by a fresh instance before it counts. Instances are replaced when it changes, and left alone when
 * only routes, their number or the pace of deploys do.
 */
export function launchDigest(app: App): string {
  // The name too: it is in every instance's environment, and pins of all apps are kept together.
  const { name, directory, runtime, start, portEnv, env, secrets, secretRevisions, limits, logs, health } =
    app;
  const { stopTimeoutMs } = app.deploy;
  return digestOf({
    name,
    directory,
    runtime,
    start,
    portEnv,
    env,
    secrets,
    secretRevisions,
    limits,
    logs,
    health,
    stopTimeoutMs,
  });
}

/** Digest of what a build depends on: the same commit with the same key is built once. */
export function buildKey(app: App): string {
  const { directory, runtime, build, portEnv } = app;
  return digestOf({
    directory,
    runtime,
    build,
    // What the runtime found out about starting is part of a release, and of no use where `start` says it.
    findsStart: app.start === undefined,
    ...(runtime.type === 'static' && { portEnv }),
  });
}

/** A kept configuration cannot be read: the state directory was changed by something else than Fairway. */
export class DamagedPin extends Error {
  override readonly name = 'DamagedPin';
  readonly code = 'damaged-pin';
  constructor(cause: unknown) {
    super('a kept configuration cannot be read; restore the state directory from a backup, or deploy again', {
      cause,
    });
  }
}
