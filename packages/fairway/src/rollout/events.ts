import type { ActionId, HookName, Intent } from './actions.ts';
import type { VerdictSeen } from './observation.ts';
import type { Plan } from './plan.ts';
import type { SlotId } from './slot.ts';

export type Outcome = 'succeeded' | 'taken-back' | 'failed' | 'superseded';

/** Everything the journal of a rollout can hold. Past tense: it happened, or was intended before it was done. */
export type RolloutEvent =
  | {
      readonly type: 'requested';
      readonly kind: string;
      readonly by: string;
      readonly why: string;
      readonly commit?: string;
      readonly release?: string;
      readonly subject?: string;
    }
  | { readonly type: 'queued'; readonly behind: string }
  | { readonly type: 'build-started'; readonly commit: string }
  | { readonly type: 'build-output'; readonly line: string }
  | {
      readonly type: 'build-finished';
      readonly release: string;
      readonly reused: boolean;
      readonly seconds: number;
    }
  | { readonly type: 'build-failed'; readonly reason: string; readonly tail: readonly string[] }
  | { readonly type: 'started'; readonly plan: Plan; readonly summary: string }
  /** A controller took the rollout up again after another one died. */
  | { readonly type: 'taken-up'; readonly holder: string }
  /** An error that should not be, in a controller that goes on: what it had under way is decided anew. */
  | { readonly type: 'stumbled'; readonly reason: string }
  /** Appended before the effect. */
  | ({ readonly type: 'action-intended' } & Intent)
  | { readonly type: 'action-done'; readonly id: ActionId }
  | { readonly type: 'action-failed'; readonly id: ActionId; readonly reason: string }
  /** A slot of the target generation that had been admitted failed its health checks, and passed them again. */
  | { readonly type: 'unhealthy'; readonly slot: SlotId; readonly reason: string }
  | { readonly type: 'healthy-again'; readonly slot: SlotId }
  /** Everything old that has traffic fails its checks as well, so the new release is not blamed; and the end of that. */
  | { readonly type: 'shared-trouble' }
  | { readonly type: 'shared-trouble-over' }
  /** The rollout waits, and why: said once per reason. */
  | { readonly type: 'waiting'; readonly reason: string }
  /** The instance has reached the goal; `seconds` since it was first touched. */
  | { readonly type: 'settled'; readonly instance: string; readonly seconds: number }
  | { readonly type: 'paused'; readonly by: string; readonly why: string }
  | { readonly type: 'resumed'; readonly by: string; readonly why: string }
  /** `alert`: it came from outside. `unreached`: balancers that could not be told to take the canary's share to 0. */
  | {
      readonly type: 'abort-requested';
      readonly by: string;
      readonly why: string;
      readonly alert?: boolean;
      readonly unreached?: readonly string[];
    }
  /** The new release is tried as a canary from here on. */
  | { readonly type: 'canary-begun' }
  /** What the judge says of it; `evidence` is the judge's own, to go on from after a restart. */
  | {
      readonly type: 'judged';
      readonly outcome: VerdictSeen['outcome'];
      readonly sentence: string;
      readonly evidence?: unknown;
    }
  /** A step is over, and the next one may come. */
  | { readonly type: 'step-passed'; readonly step: number; readonly reason: string }
  /** The balancer has the share of a step already, though nobody has recorded that it was set. */
  | { readonly type: 'share-found'; readonly step: number }
  /** An operator ends the present step, or all of them. */
  | { readonly type: 'promote-requested'; readonly by: string; readonly why: string; readonly all: boolean }
  /** Forward is over: everything that was touched returns. `evidence`: the last log lines of the slot, if one is named. */
  | {
      readonly type: 'taking-back';
      readonly reason: string;
      readonly slot?: SlotId;
      readonly evidence: readonly string[];
    }
  | { readonly type: 'hook-output'; readonly hook: HookName; readonly line: string }
  | { readonly type: 'finished'; readonly outcome: Outcome; readonly reason: string };

/** An event with its time, Unix ms. */
export interface TimedEvent {
  readonly at: number;
  readonly event: RolloutEvent;
}
