import { differences } from '../config/difference.ts';
import { buildKey } from '../config/pin.ts';
import type { App, Production } from '../config/production.ts';
import type { Plan } from '../rollout/plan.ts';
import { describeSteps, preview } from '../rollout/preview.ts';
import type { Store } from '../store/store.ts';
import type { Preview } from './controller.ts';
import type { AppObservation } from './observe.ts';
import { configOf, differs, goalFor, planTo, standingRelease } from './plan-rollout.ts';
import { removalPlan, rollbackPlan } from './prepare.ts';
import { summarize } from './summary.ts';

export type Observe = (app: string) => Promise<AppObservation>;

/** What deploying `commit` would do, told by deciding it from what runs now. */
export async function previewDeploy(
  store: Store,
  observe: Observe,
  app: App,
  commit: string,
): Promise<Preview> {
  const known = store.findRelease(app.name, commit, buildKey(app));
  const release = known?.id ?? `${commit.slice(0, 12)}-unbuilt`;
  const plan = planTo(store, app, goalFor(store, app, release));
  const building = known
    ? `release ${known.id} of commit ${commit.slice(0, 12)} was built before`
    : `build commit ${commit.slice(0, 12)} with runtime ${app.runtime.type}`;
  const told = await tell('deploy', plan, observe);
  return { ...told, steps: [building, ...changes(store, app), ...told.steps] };
}

export async function previewRollback(
  store: Store,
  observe: Observe,
  app: App,
  release: string | undefined,
): Promise<Preview> {
  return tell('rollback', rollbackPlan(store, app, release), observe);
}

/** One preview per app whose rollout `apply` would start. */
export async function previewApply(
  store: Store,
  observe: Observe,
  production: Production,
  running: readonly string[],
): Promise<readonly Preview[]> {
  const previews: Preview[] = [];
  for (const app of production.apps.filter((candidate) => differs(store, candidate))) {
    const release = standingRelease(store, app.name);
    const plan = planTo(store, app, goalFor(store, app, release!.id));
    const told = await tell('apply', plan, observe);
    previews.push({ ...told, steps: [...changes(store, app), ...told.steps] });
  }
  for (const app of running.filter((name) => !production.apps.some((known) => known.name === name)))
    previews.push(await tell('remove', removalPlan(store, app), observe));
  return previews;
}

async function tell(kind: Preview['kind'], plan: Plan, observe: Observe): Promise<Preview> {
  const observed = await observe(plan.app);
  const steps = describeSteps(preview(plan, observed.slots, observed.declared));
  return { app: plan.app, kind, summary: summarize(plan), steps };
}

function changes(store: Store, app: App): readonly string[] {
  const [standing] = store.standings(app.name);
  const before = standing && configOf(store, standing);
  return before ? differences(before, app).map((line) => `configuration: ${line}`) : [];
}
