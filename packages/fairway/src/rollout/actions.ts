import type { GenerationId, SlotAddress } from './slot.ts';

/** Unique within a rollout: `<number>-<kind>`. */
export type ActionId = string;

/** One effect on the world. Each is idempotent, so that it can be done again after a crash. */
export type Action =
  /** Put a release on every host that needs it. */
  | { readonly kind: 'install'; readonly generation: GenerationId; readonly hosts: readonly string[] }
  /** Run a hook of the pinned configuration: a generation names only what instances depend on, and hooks are not of it. */
  | {
      readonly kind: 'hook';
      readonly hook: HookName;
      readonly generation: GenerationId;
      readonly pin: string;
      readonly host: string;
    }
  /** Tell the balancer the app's routes and limits, as the pinned configuration has them. */
  | { readonly kind: 'declare'; readonly pin: string }
  /** Take the app's routes from the balancer. */
  | { readonly kind: 'forget' }
  /** The canary's part of the users, in hundredths of a percent; `step`: of the policy, left out when it is taken back. */
  | {
      readonly kind: 'set-share';
      readonly basisPoints: number;
      readonly offset: number;
      readonly step?: number;
    }
  /** The canary becomes the baseline, and the old instances get no new requests. */
  | { readonly kind: 'promote'; readonly generation: GenerationId; readonly timeoutMs: number }
  | {
      readonly kind: 'start';
      readonly slot: SlotAddress;
      readonly host: string;
      readonly generation: GenerationId;
    }
  /** Make the slot known to the balancer: checked, no traffic. */
  | {
      readonly kind: 'register';
      readonly slot: SlotAddress;
      readonly host: string;
      readonly generation: GenerationId;
      /** Left out: of the baseline. */
      readonly side?: 'canary';
    }
  | { readonly kind: 'admit'; readonly slot: SlotAddress }
  | { readonly kind: 'drain'; readonly slot: SlotAddress; readonly timeoutMs: number }
  | { readonly kind: 'deregister'; readonly slot: SlotAddress }
  | { readonly kind: 'stop'; readonly slot: SlotAddress; readonly host: string };

export type HookName = 'before_deploy' | 'after_deploy';
export type ActionKind = Action['kind'];
export type SlotAction = Extract<Action, { slot: SlotAddress }>;

/** An action that was given its id: what is journalled before it is done. */
export interface Intent {
  readonly id: ActionId;
  readonly action: Action;
}
