import {
  type Evidence,
  type JudgePolicy,
  judge,
  NOTHING_SEEN,
  type SideBatch,
  see,
} from 'fairway/dist/judge/judge.js';
import { type Draw, drawFrom, poisson, type Time } from './chance.ts';

/** How one side of a simulated canary behaves. */
export interface Behaviour {
  /** Part of the requests that fail, 0 to 1. */
  readonly failing: number;
  readonly time: Time;
}

export interface Canary {
  readonly canary: Behaviour;
  readonly baseline: Behaviour;
  /** Requests of each side in a second, on average. */
  readonly perSecond: { readonly canary: number; readonly baseline: number };
  readonly seconds: number;
  /** Ends when the canary has had so many requests. */
  readonly requests?: number;
  readonly policy: JudgePolicy;
}

/** How many of `trials` canaries, seeded from 1 on, are condemned. */
export function condemned(plan: Canary, trials: number): number {
  let hits = 0;
  for (let seed = 1; seed <= trials; seed += 1) {
    if (condemnedAfter(plan, drawFrom(seed)) !== undefined) hits += 1;
  }
  return hits;
}

/** Seconds until the judge, asked every second, condemns; undefined when it never does. */
export function condemnedAfter(plan: Canary, draw: Draw): number | undefined {
  let evidence: Evidence = NOTHING_SEEN;
  for (let second = 1; second <= plan.seconds; second += 1) {
    evidence = see(evidence, {
      canary: batch(plan.canary, plan.perSecond.canary, draw),
      baseline: batch(plan.baseline, plan.perSecond.baseline, draw),
    });
    if (judge(evidence, plan.policy).outcome === 'fail') return second;
    if (evidence.failures.canary.requests >= (plan.requests ?? Number.POSITIVE_INFINITY)) return undefined;
  }
  return undefined;
}

function batch({ failing, time }: Behaviour, perSecond: number, draw: Draw): SideBatch {
  const requests = poisson(perSecond, draw);
  let failed = 0;
  const timesMs: number[] = [];
  for (let request = 0; request < requests; request += 1) {
    if (draw() < failing) failed += 1;
    timesMs.push(time(draw));
  }
  return { requests, failed, timesMs };
}
