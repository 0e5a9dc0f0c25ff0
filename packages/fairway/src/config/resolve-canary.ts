import { optional } from './optional.ts';
import type { CanarySettings } from './production.ts';
import type { AppSection } from './schema/app-schema.ts';
import { durationMs } from './units.ts';

const STEPS: CanarySettings['steps'] = [
  { shareBasisPoints: 500, holdMs: durationMs('2m') },
  { shareBasisPoints: 2500, holdMs: durationMs('5m') },
  { shareBasisPoints: 5000, holdMs: durationMs('5m') },
];

/** Undefined with another strategy. */
export function resolveCanary({
  strategy,
  canary,
  steps,
  bake,
  judge,
}: AppSection['deploy']): CanarySettings | undefined {
  if (strategy !== 'canary') return undefined;
  return {
    instances: canary?.instances ?? 'auto',
    steps: steps?.map(({ share, hold }) => ({ shareBasisPoints: share, holdMs: hold })) ?? STEPS,
    bakeMs: bake ?? durationMs('2m'),
    judge: {
      errors: { worseBy: judge?.errors.worse_by ?? 0.01 },
      ...optional('latency', judge?.latency && { p95WorseBy: judge.latency.p95_worse_by }),
      minRequests: judge?.min_requests ?? 200,
    },
  };
}

/** How many of an app's `total` instances a canary needs, so that each of its own has no more to do than the others. */
export function instancesForShare(shareBasisPoints: number, total: number): number {
  return Math.max(1, Math.ceil((shareBasisPoints * total) / 10_000));
}
