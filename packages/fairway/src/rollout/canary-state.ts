import type { Fleet } from './fleet.ts';
import type { CanaryPolicy, CanaryStep } from './plan.ts';
import { type CanaryState, isCanary, type RolloutState } from './state.ts';

export interface MovingCanary {
  readonly canary: CanaryState;
  readonly policy: CanaryPolicy;
}

/** A canary that moves, with its policy; undefined for any other rollout, and once it is taken back or promoted. */
export function canaryOf(state: RolloutState): MovingCanary | undefined {
  const { policy } = state.plan;
  if (!isCanary(state) || policy.strategy !== 'canary') return undefined;
  return { canary: state.canary!, policy };
}

/** Whether the instances of the new release that a step needs are there, and answer. */
export function carries(fleet: Fleet, { instances }: CanaryStep): boolean {
  return fleet.in('staged').size + fleet.in('settled').size >= instances;
}
