import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { preview } from './preview.ts';
import { slotId } from './slot.ts';
import { histories } from './testing/histories.ts';
import { planOf } from './testing/history.ts';
import { fiveServing, generations, planFor, serving } from './testing/plans.ts';
import { World } from './testing/world.ts';

const { old, fresh } = generations;

describe('a preview', () => {
  it('comes to an end from whatever is found, and begins nothing twice', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const plan = planOf(history);
        if (plan.policy.maxUnavailable === 0 && history.leftovers.length > 0) return;
        const starts = preview(plan, new World(history).observe(), true).flatMap((action) =>
          action.kind === 'start' ? [slotId(action.slot)] : [],
        );
        expect(new Set(starts).size).toBe(starts.length);
        for (const instance of starts.map((id) => id.split('/')[1]))
          expect(plan.target.instances.map(({ name }) => name)).toContain(instance);
      }),
      { numRuns: 1_000 },
    );
  });

  it('expects what is not healthy yet to become so, and what drains to end', () => {
    const plan = planFor({ from: old, to: fresh, instances: 2 });
    const waiting = { ...serving('1', fresh), pool: 'out', healthy: false } as const;
    const draining = { ...serving('2', old), pool: 'draining' } as const;
    const kinds = preview(plan, [waiting, draining], true).map(({ kind }) => kind);
    expect(kinds).toEqual([
      'install',
      'admit',
      'deregister',
      'stop',
      'start',
      'register',
      'admit',
      'declare',
    ]);
  });

  it('of a thousand instances is there in a moment', () => {
    const plan = planFor({ from: old, to: fresh, instances: 1_000 });
    const slots = plan.previous.instances.map(({ name }) => serving(name, old));
    const started = performance.now();
    expect(preview(plan, slots, true)).toHaveLength(6_002);
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it('changes nothing of what it was given', () => {
    const slots = fiveServing(old);
    preview(planFor({ from: old, to: fresh, instances: 5 }), slots, true);
    expect(slots).toEqual(fiveServing(old));
  });
});
