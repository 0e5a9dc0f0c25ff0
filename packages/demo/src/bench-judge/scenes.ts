import type { Canary } from './canaries.ts';
import { logNormal, slowedInPart } from './chance.ts';

const policy = { minRequests: 200, errors: { worseBy: 0.01 }, latency: { p95WorseBy: 0.5 } };
const usual = logNormal(20, 0.6);
const perSecond = { canary: 5, baseline: 45 };
const same = { failing: 0.005, time: usual };

/** Ten minutes of two identical releases, asked about every second. The policy's margins are set to nothing: the tests alone hold. */
export const IDENTICAL: readonly (Canary & { readonly name: string })[] = [
  { name: 'rare failures', ...both({ failing: 0.005, time: usual }) },
  { name: 'frequent failures, wide times', ...both({ failing: 0.05, time: logNormal(80, 1.2) }) },
];

export const FAILING: Canary = {
  canary: { failing: 0.05, time: usual },
  baseline: same,
  perSecond,
  seconds: 600,
  requests: 1000,
  policy,
};

export const SLOW: Canary = {
  canary: { failing: 0.005, time: logNormal(40, 0.6) },
  baseline: same,
  perSecond,
  seconds: 600,
  requests: 1000,
  policy,
};

/** Most requests are as fast as before, but one in ten takes four times as long: the p95 about doubles. */
export const SLOW_TAIL: Canary = { ...SLOW, canary: { failing: 0.005, time: slowedInPart(usual, 0.12, 4) } };

function both(behaviour: Canary['canary']): Canary {
  return {
    canary: behaviour,
    baseline: behaviour,
    perSecond,
    seconds: 600,
    policy: { minRequests: 1, errors: { worseBy: 0 }, latency: { p95WorseBy: 0 } },
  };
}
