import type { Action, ActionId } from './actions.ts';
import type { Plan } from './plan.ts';

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
  | { readonly type: 'started'; readonly plan: Plan }
  /** A controller took the rollout up again after another one died. */
  | { readonly type: 'resumed-by-controller'; readonly holder: string }
  /** Appended before the effect. */
  | { readonly type: 'action-intended'; readonly id: ActionId; readonly action: Action }
  | { readonly type: 'action-done'; readonly id: ActionId }
  | { readonly type: 'action-failed'; readonly id: ActionId; readonly reason: string }
  /** The rollout waits, and why: said once per reason. */
  | { readonly type: 'waiting'; readonly reason: string }
  | { readonly type: 'replaced'; readonly instance: string; readonly seconds: number }
  | { readonly type: 'paused'; readonly by: string; readonly why: string }
  | { readonly type: 'resumed'; readonly by: string; readonly why: string }
  | { readonly type: 'abort-requested'; readonly by: string; readonly why: string }
  /** Forward is over: every touched instance returns to the previous generation. `evidence`: the last log lines. */
  | {
      readonly type: 'taking-back';
      readonly reason: string;
      readonly instance?: string;
      readonly evidence: readonly string[];
    }
  | { readonly type: 'hook-output'; readonly hook: 'before_deploy' | 'after_deploy'; readonly line: string }
  | { readonly type: 'finished'; readonly outcome: Outcome; readonly reason: string };
