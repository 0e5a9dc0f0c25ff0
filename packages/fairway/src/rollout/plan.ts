import type { GenerationId } from './slot.ts';

/** How careful a rollout is. Times in ms. Pinned when the rollout starts; a later `fairway.yml` does not change it. */
export interface Pace {
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

export interface RollingPolicy extends Pace {
  readonly strategy: 'rolling';
}

/** One step of a canary. Shares in hundredths of a percent. */
export interface CanaryStep {
  readonly shareBasisPoints: number;
  /** How many instances of the new release carry it. */
  readonly instances: number;
  /** `manual`: until an operator promotes it. */
  readonly holdMs: number | 'manual';
}

/** The new release gets a growing part of the users first. Where there is nothing to compare with it is rolled out. */
export interface CanaryPolicy extends Pace {
  readonly strategy: 'canary';
  /** Growing; the last one is everything, held for as long as the old instances are kept warm. */
  readonly steps: readonly CanaryStep[];
  /** Where on the ring of users this rollout's share begins, 0–9999. */
  readonly offset: number;
  /** What the judge holds the canary to; the runner asks it. Fractions: 1 % is 0.01. */
  readonly judge: {
    readonly errors: { readonly worseBy: number };
    readonly latency?: { readonly p95WorseBy: number };
    readonly minRequests: number;
  };
}

export type Policy = RollingPolicy | CanaryPolicy;

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
