import type { Release } from '../build/release.ts';
import { launchDigest, pinApp, unpinApp } from '../config/pin.ts';
import type { App, CanarySettings } from '../config/production.ts';
import { instancesForShare } from '../config/resolve-canary.ts';
import type { CanaryStep, Goal, Plan, Policy } from '../rollout/plan.ts';
import { generationId } from '../rollout/slot.ts';
import type { Standing, Store } from '../store/store.ts';
import { goodReleases } from './good-releases.ts';

/** Keeps an app's configuration under both of its digests: the whole of it, and the part that instances depend on. */
export function keepPinned(store: Store, app: App): { readonly pin: string; readonly launch: string } {
  const { digest, json } = pinApp(app);
  const launch = launchDigest(app);
  store.pin(digest, json);
  store.pin(launch, json);
  return { pin: digest, launch };
}

/** The goal of running `release` as `app` is configured. */
export function goalFor(store: Store, app: App, release: string): Goal {
  const { pin, launch } = keepPinned(store, app);
  return { generation: generationId({ release, config: launch }), pin, instances: app.instances };
}

/** What stands now, as something to return to; nothing before the first good rollout. */
export function standingGoal(store: Store, app: string): Goal {
  const [standing] = store.standings(app);
  const config = standing && configOf(store, standing);
  return standing && config ? goalFor(store, config, standing.release) : { instances: [] };
}

export function standingRelease(store: Store, app: string): Release | undefined {
  const [standing] = store.standings(app);
  return standing && store.release(app, standing.release);
}

/** The configuration that a standing was reached with. */
export function configOf(store: Store, standing: Standing): App | undefined {
  const json = store.pinned(standing.config);
  return json === undefined ? undefined : unpinApp(json);
}

export function planTo(store: Store, app: App, target: Goal): Plan {
  const { hooks } = app.deploy;
  const previous = standingGoal(store, app.name);
  // Migrations belong to a release: the same release with another configuration does not run them again.
  const isNewRelease = releaseIn(previous) !== releaseIn(target);
  return {
    app: app.name,
    target,
    previous,
    policy: policyOf(app),
    hooks: {
      beforeDeploy: isNewRelease && hooks.beforeDeploy !== undefined,
      afterDeploy: isNewRelease && hooks.afterDeploy !== undefined,
    },
  };
}

function releaseIn(goal: Goal): string | undefined {
  return goal.generation?.split('+')[0];
}

function policyOf(app: App): Policy {
  const { canary, maxUnavailable, surge, soakMs, drainTimeoutMs, stallTimeoutMs } = app.deploy;
  const { startTimeoutMs } = app.health;
  const pace = { maxUnavailable, surge, soakMs, startTimeoutMs, drainTimeoutMs, stallTimeoutMs };
  if (!canary) return { strategy: 'rolling', ...pace };
  return {
    strategy: 'canary',
    ...pace,
    steps: stepsOf(canary, app.instances.length),
    offset: 0,
    judge: canary.judge,
  };
}

/** The steps of the file, and everything at last. */
function stepsOf({ steps, instances, bakeMs }: CanarySettings, total: number): readonly CanaryStep[] {
  return [
    ...steps.map(({ shareBasisPoints, holdMs }) => ({
      shareBasisPoints,
      holdMs,
      instances: instances === 'auto' ? instancesForShare(shareBasisPoints, total) : instances,
    })),
    { shareBasisPoints: 10_000, holdMs: bakeMs, instances: total },
  ];
}

/** Coprime to the ring of users, so that 10,000 rollouts begin at as many places of it. */
const OFFSET_STRIDE = 3_571;

/** The plan with a place on the ring of users that is the rollout's own: the same users are not always first. */
export function atOwnPlace(plan: Plan, rollout: string): Plan {
  if (plan.policy.strategy !== 'canary') return plan;
  const number = Number(rollout.slice(rollout.lastIndexOf('-') + 1));
  return { ...plan, policy: { ...plan.policy, offset: (number * OFFSET_STRIDE) % 10_000 } };
}

/** The plan without a canary: who goes back to what is known to be good has waited long enough. */
export function withoutCanary(plan: Plan): Plan {
  if (plan.policy.strategy !== 'canary') return plan;
  const { steps: _steps, offset: _offset, judge: _judge, ...pace } = plan.policy;
  return { ...plan, policy: { ...pace, strategy: 'rolling' } };
}

/** The good release before the present one, as it stood last. */
export function releaseBefore(store: Store, app: string): Standing | undefined {
  return goodReleases(store.standings(app))[1];
}

/** Whether the file's app differs from what stands: then `apply` has something to do. */
export function differs(store: Store, app: App): boolean {
  const [standing] = store.standings(app.name);
  return standing !== undefined && standing.config !== pinApp(app).digest;
}
