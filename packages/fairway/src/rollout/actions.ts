import type { GenerationId, SlotAddress } from './slot.ts';

/** Unique within a rollout: `<number>-<kind>-<slot>`. */
export type ActionId = string;

/** One effect on the world. Each is idempotent, so that it can be done again after a crash. */
export type Action =
  /** Put the target release on every host of the plan that needs it. */
  | { readonly kind: 'install'; readonly generation: GenerationId; readonly hosts: readonly string[] }
  | {
      readonly kind: 'hook';
      readonly hook: 'before_deploy' | 'after_deploy';
      readonly generation: GenerationId;
      readonly host: string;
    }
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
    }
  | { readonly kind: 'admit'; readonly slot: SlotAddress }
  | { readonly kind: 'drain'; readonly slot: SlotAddress; readonly timeoutMs: number }
  | { readonly kind: 'deregister'; readonly slot: SlotAddress }
  | { readonly kind: 'stop'; readonly slot: SlotAddress; readonly host: string };

export type ActionKind = Action['kind'];
