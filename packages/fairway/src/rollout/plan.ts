import type { GenerationId } from './slot.ts';

/** How careful a rollout is. Times in ms. Pinned when the rollout starts; a later `fairway.yml` does not change it. */
export interface RollingPolicy {
  readonly strategy: 'rolling';
  /** Instances that may be out of service at once. */
  readonly maxUnavailable: number;
  /** Instances that may occupy both their slots at once, the new beside the old; 0: in place. */
  readonly surge: number;
  /** How long a replaced instance must serve before the next old one is taken out. */
  readonly soakMs: number;
  /** From start to healthy; afterwards, how long an instance may be unhealthy again. */
  readonly startTimeoutMs: number;
  readonly drainTimeoutMs: number;
  /** Without progress for so long the rollout takes itself back. */
  readonly stallTimeoutMs: number;
}

export type Policy = RollingPolicy;

/** An instance and the host that it lives on. */
export interface PlacedInstance {
  readonly name: string;
  readonly host: string;
}

/** One end of a rollout: what it starts from, or what it is to reach. */
export interface Goal {
  /** What every instance shall run; undefined: nothing. */
  readonly generation?: GenerationId;
  /** Digest of the app's whole pinned configuration (routes and limits included). */
  readonly pin?: string;
  readonly instances: readonly PlacedInstance[];
}

/** What a rollout is to do, fixed when it starts. */
export interface Plan {
  readonly app: string;
  readonly target: Goal;
  /** What to return to when the target fails. On a first deploy: nothing. */
  readonly previous: Goal;
  readonly policy: Policy;
  readonly hooks: { readonly beforeDeploy: boolean; readonly afterDeploy: boolean };
}
