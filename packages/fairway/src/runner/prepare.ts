import type { BuildRequest } from '../build/builder.ts';
import type { Release } from '../build/release.ts';
import { requireProvisioned } from '../config/not-provisioned.ts';
import { buildKey } from '../config/pin.ts';
import type { App, Production } from '../config/production.ts';
import type { RolloutEvent } from '../rollout/events.ts';
import type { Plan } from '../rollout/plan.ts';
import type { RolloutRecord, Store } from '../store/store.ts';
import {
  atOwnPlace,
  configOf,
  goalFor,
  planTo,
  releaseBefore,
  standingGoal,
  standingRelease,
  withoutCanary,
} from './plan-rollout.ts';

export interface Preparation {
  readonly store: Store;
  readonly production: () => Promise<Production>;
  readonly build: (request: Omit<BuildRequest, 'directories'>) => Promise<Release>;
  readonly repositoryOf: (app: string) => string;
  /** Refuses, before anything is touched, what could not be started for want of its secrets. */
  readonly keepSecrets: (production: Production, app: App) => Promise<void>;
  readonly now: () => number;
}

export type Tell = (event: RolloutEvent) => void;

/** From what was asked to what is to be done: reads the file as it is now, builds if need be, and pins both. */
export async function prepare(
  context: Preparation,
  record: RolloutRecord,
  tell: Tell,
  signal: AbortSignal,
): Promise<{ plan: Plan }> {
  const { store } = context;
  if (record.kind === 'remove') return { plan: removalPlan(store, record.app) };
  const { production, app } = await configuredApp(context, record.app);
  requireProvisioned(production);
  await context.keepSecrets(production, app);
  if (record.kind === 'rollback') return { plan: rollbackPlan(store, app, record.release) };
  // An apply keeps the release, and that may be another one by now than when it was asked for.
  const standing = record.kind === 'apply' ? standingRelease(store, app.name) : undefined;
  const commit = standing?.commit ?? record.commit;
  if (commit === undefined) throw new Error(`${app.name} has no release yet that it could be applied to`);
  const release = await releaseOf(context, app, commit, tell, signal);
  return { plan: atOwnPlace(planTo(store, app, goalFor(store, app, release.id)), record.id) };
}

async function configuredApp(
  context: Pick<Preparation, 'production'>,
  name: string,
): Promise<{ production: Production; app: App }> {
  const production = await context.production();
  const app = production.apps.find((candidate) => candidate.name === name);
  if (!app) throw new Error(`${name} is not in ${production.file} any more`);
  return { production, app };
}

/**
 * To an earlier release with the configuration that it was good with, on the instances that there are now. Migrations do
 * not run: it has had its own, and several tools refuse a database that is newer than what they know.
 */
export function rollbackPlan(store: Store, app: App, release: string | undefined): Plan {
  const standing =
    release === undefined
      ? releaseBefore(store, app.name)
      : store.standings(app.name).find((candidate) => candidate.release === release);
  if (!standing) throw new Error(`${app.name} has no earlier good release`);
  const then = configOf(store, standing) ?? app;
  const { instances } = app;
  const config = { ...then, instances, ...presentRevisions(then, app) };
  const plan = planTo(store, app, goalFor(store, config, standing.release));
  return { ...withoutCanary(plan), hooks: { ...plan.hooks, beforeDeploy: false } };
}

/** Secrets are what databases and others ask for now: what they were then may open nothing any more. */
function presentRevisions(then: App, now: App): Pick<App, 'secretRevisions'> {
  if (!then.secretRevisions) return {};
  const names = Object.keys(then.secretRevisions);
  const present = names.filter((name) => now.secretRevisions?.[name] !== undefined);
  const changed = Object.fromEntries(present.map((name) => [name, now.secretRevisions![name]!]));
  return { secretRevisions: { ...then.secretRevisions, ...changed } };
}

export function removalPlan(store: Store, name: string): Plan {
  const [standing] = store.standings(name);
  const app = standing && configOf(store, standing);
  if (!app) throw new Error(`${name} does not run`);
  return {
    ...planTo(store, app, { instances: [] }),
    previous: standingGoal(store, name),
    hooks: { beforeDeploy: false, afterDeploy: false },
  };
}

async function releaseOf(
  context: Preparation,
  app: App,
  commit: string,
  tell: Tell,
  signal: AbortSignal,
): Promise<Release> {
  const key = buildKey(app);
  const known = context.store.findRelease(app.name, commit, key);
  if (known) {
    tell({ type: 'build-finished', release: known.id, reused: true, seconds: 0 });
    return known;
  }
  tell({ type: 'build-started', commit });
  const began = context.now();
  const release = await context.build({
    app,
    repository: context.repositoryOf(app.name),
    commit,
    buildKey: key,
    signal,
    onLine: (line) => tell({ type: 'build-output', line }),
  });
  context.store.addRelease(release);
  const seconds = (context.now() - began) / 1000;
  tell({ type: 'build-finished', release: release.id, reused: false, seconds });
  return release;
}
