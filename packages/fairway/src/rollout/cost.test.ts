import { describe, expect, it, vi } from 'vitest';
import { advance } from './advance.ts';
import { decide } from './decide.ts';
import { Fleet } from './fleet.ts';
import { afterAction, afterAWhile, afterPromotion } from './ideal.ts';
import type { PlacedInstance } from './plan.ts';
import { slotId } from './slot.ts';
import { begin, goalOf } from './state.ts';
import { canaryPlan, generations, type PlanOptions, planFor, serving } from './testing/plans.ts';

/** How often a whole rollout looks at an instance: of the fleet, or of the goal's list. */
function looksOf(instances: number, options: Partial<PlanOptions> & { isCanary?: boolean }): number {
  let looks = 0;
  const { isCanary, ...pace } = options;
  const plan = (isCanary ? canaryPlan : planFor)({
    from: generations.old,
    to: generations.fresh,
    instances,
    ...pace,
  });
  const counted = new Proxy(plan.target.instances as PlacedInstance[], {
    get(list, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) looks += 1;
      return Reflect.get(list, key) as unknown;
    },
  });
  const state = begin({ ...plan, target: { ...plan.target, instances: counted } }, 0);
  const slots = plan.previous.instances.map(({ name }) => serving(name, generations.old));
  const world = new Map(slots.map((slot) => [slotId(slot.slot), slot]));
  let fleet = new Fleet(goalOf(state), slots, true);
  const asked = vi.spyOn(Fleet.prototype, 'instance');
  const verdict = { outcome: 'pass', sentence: '' } as const;
  for (let now = 0; !state.finished; now += isCanary ? 60_000 : 500) {
    const { events, actions } = decide(state, fleet, now);
    for (const event of events) advance(state, event, now);
    for (const { id, action } of actions) {
      if ('slot' in action) {
        const seen = afterAction(world.get(slotId(action.slot)), action, now);
        world.set(slotId(action.slot), seen);
        fleet.see(seen);
      }
      if (action.kind === 'set-share')
        fleet = new Fleet(goalOf(state), world.values(), true, { share: action, verdict });
      if (action.kind === 'promote') {
        for (const [slot, seen] of world)
          world.set(slot, afterAWhile(afterPromotion(seen, action.generation)));
        fleet = new Fleet(goalOf(state), world.values(), true);
      }
      advance(state, { type: 'action-done', id }, now);
    }
  }
  expect(state.finished.outcome).toBe('succeeded');
  const all = looks + asked.mock.calls.length;
  asked.mockRestore();
  return all;
}

describe('the work of a whole rollout grows with its instances, not with their square', () => {
  it.each([
    { way: 'in place', options: { maxUnavailable: 1 } },
    { way: 'in place with a soak', options: { maxUnavailable: 1, soakMs: 2_000 } },
    { way: 'with surge', options: { surge: 1_000 } },
    { way: 'as a canary', options: { isCanary: true } },
  ])('$way', ({ options }) => {
    expect(looksOf(1_000, options)).toBeLessThan(10.5 * looksOf(100, options));
  });
});
