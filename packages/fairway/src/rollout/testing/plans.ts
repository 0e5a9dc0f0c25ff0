import type { SlotObservation } from '../observation.ts';
import type { Goal, Plan, RollingPolicy } from '../plan.ts';
import type { GenerationId, SlotName } from '../slot.ts';

/** Plans and observations that tests of the decisions begin with. */
export const generations = {
  old: 'old+c0' as GenerationId,
  fresh: 'new+c0' as GenerationId,
};

export const gentle: RollingPolicy = {
  strategy: 'rolling',
  maxUnavailable: 1,
  surge: 0,
  soakMs: 0,
  startTimeoutMs: 60_000,
  drainTimeoutMs: 30_000,
  stallTimeoutMs: 600_000,
};

export interface PlanOptions extends Partial<RollingPolicy> {
  readonly from?: GenerationId;
  readonly to?: GenerationId;
  readonly instances: number;
  /** Instances before; as many as after, if not given. */
  readonly before?: number;
  readonly hooks?: Plan['hooks'];
}

export function planFor(options: PlanOptions): Plan {
  const { from, to, instances, before = from ? instances : 0, hooks, ...policy } = options;
  return {
    app: 'web',
    target: goal(to, instances, 'pin-new'),
    previous: goal(from, before, 'pin-old'),
    policy: { ...gentle, ...policy },
    hooks: hooks ?? { beforeDeploy: false, afterDeploy: false },
  };
}

/** Two steps, then everything; a hold of a minute each. */
export function canaryPlan(options: PlanOptions, steps = [500, 5_000]): Plan {
  const plan = planFor(options);
  const instances = (share: number) => Math.ceil((share * options.instances) / 10_000);
  return {
    ...plan,
    policy: {
      ...plan.policy,
      strategy: 'canary',
      steps: [...steps, 10_000].map((share) => ({
        shareBasisPoints: share,
        instances: instances(share),
        holdMs: 60_000,
      })),
      offset: 7_142,
      judge: { errors: { worseBy: 0.01 }, minRequests: 100 },
    },
  };
}

function goal(generation: GenerationId | undefined, count: number, pin: string): Goal {
  const instances = Array.from({ length: count }, (_, index) => ({ name: `${index + 1}`, host: 'local' }));
  return generation === undefined ? { instances: [] } : { generation, pin, instances };
}

export function serving(instance: string, generation: GenerationId, slot: SlotName = 'a'): SlotObservation {
  return {
    slot: { app: 'web', instance, slot },
    host: 'local',
    process: 'running',
    generation,
    startedAt: 0,
    restarts: 0,
    pool: 'serving',
    poolGeneration: generation,
    healthy: true,
    inFlight: 0,
  };
}

export function fiveServing(generation: GenerationId): SlotObservation[] {
  return ['1', '2', '3', '4', '5'].map((name) => serving(name, generation));
}
