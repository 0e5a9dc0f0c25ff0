import { describe, expect, it, vi } from 'vitest';
import { advance } from './advance.ts';
import { decide } from './decide.ts';
import { Fleet } from './fleet.ts';
import { afterAction } from './ideal.ts';
import type { PlacedInstance } from './plan.ts';
import { slotId } from './slot.ts';
import { begin, goalOf } from './state.ts';
import { generations, type PlanOptions, planFor, serving } from './testing/plans.ts';

/** How often a whole rollout looks at an instance: of the fleet, or of the goal's list. */
function looksOf(instances: number, options: Partial<PlanOptions>): number {
  let looks = 0;
  const plan = planFor({ from: generations.old, to: generations.fresh, instances, ...options });
  const counted = new Proxy(plan.target.instances as PlacedInstance[], {
    get(list, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) looks += 1;
      return Reflect.get(list, key) as unknown;
    },
  });
  const state = begin({ ...plan, target: { ...plan.target, instances: counted } }, 0);
  const slots = plan.previous.instances.map(({ name }) => serving(name, generations.old));
  const world = new Map(slots.map((slot) => [slotId(slot.slot), slot]));
  const fleet = new Fleet(goalOf(state), slots, true);
  const asked = vi.spyOn(fleet, 'instance');
  for (let now = 0; !state.finished; now += 500) {
    const { events, actions } = decide(state, fleet, now);
    for (const event of events) advance(state, event, now);
    for (const { id, action } of actions) {
      if ('slot' in action) {
        const seen = afterAction(world.get(slotId(action.slot)), action, now);
        world.set(slotId(action.slot), seen);
        fleet.see(seen);
      }
      advance(state, { type: 'action-done', id }, now);
    }
  }
  expect(state.finished.outcome).toBe('succeeded');
  return looks + asked.mock.calls.length;
}

describe('the work of a whole rollout grows with its instances, not with their square', () => {
  it.each([
    { way: 'in place', options: { maxUnavailable: 1 } },
    { way: 'in place with a soak', options: { maxUnavailable: 1, soakMs: 2_000 } },
    { way: 'with surge', options: { surge: 1_000 } },
  ])('$way', ({ options }) => {
    expect(looksOf(1_000, options)).toBeLessThan(10.5 * looksOf(100, options));
  });
});
