import type { GenerationId } from './slot.ts';

/** How careful a rollout is. Times in ms. Pinned when the rollout starts; a later `fairway.yml` does not change it. */
export interface RollingPolicy {
  readonly strategy: 'rolling';
  /** Instances that may be out of service at once. */
  readonly maxUnavailable: number;
  /** Instances that may boot in their second slot, beside the old ones, at once; 0: in place. */
  readonly surge: number;
  /** How long a replaced instance must serve before the next old one is taken out. */
  readonly soakMs: number;
  readonly startTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** Without progress for so long the rollout takes itself back. */
  readonly stallTimeoutMs: number;
}

export type Policy = RollingPolicy;

/** Where instance `name` lives. */
export interface PlacedInstance {
  readonly name: string;
  readonly host: string;
}

/** What a rollout is to reach, fixed when it starts. */
export interface Plan {
  readonly app: string;
  /** What every instance shall run; undefined: nothing (the app is removed). */
  readonly target?: GenerationId;
  /** What to return to if the target fails; undefined on a first deploy. */
  readonly previous?: GenerationId;
  /** Instances after the rollout. */
  readonly instances: readonly PlacedInstance[];
  /** Instances before it: what is taken back to. */
  readonly previousInstances: readonly PlacedInstance[];
  readonly policy: Policy;
  readonly hooks: { readonly beforeDeploy: boolean; readonly afterDeploy: boolean };
}
