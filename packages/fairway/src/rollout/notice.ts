import { stepPassed } from './canary-hold.ts';
import type { RolloutEvent } from './events.ts';
import { type Fleet, freshSlot } from './fleet.ts';
import { answers } from './observation.ts';
import { parseSlotId, type SlotId, slotId } from './slot.ts';
import type { RolloutState } from './state.ts';
import { isSharedTrouble } from './verdict.ts';

/** What is seen for the first time and worth remembering. */
export function notice(state: RolloutState, fleet: Fleet, now: number): RolloutEvent[] {
  const events: RolloutEvent[] = [];
  const isKnown = state.sharedTroubleUntil === Number.POSITIVE_INFINITY;
  const isShared = isSharedTrouble(state, fleet);
  if (isShared && !isKnown && fleet.in('moving').size > 0) events.push({ type: 'shared-trouble' });
  if (isKnown && !isShared) events.push({ type: 'shared-trouble-over' });
  for (const name of fleet.in('moving')) {
    const instance = fleet.instance(name)!;
    const slot = instance.slots[freshSlot(instance, fleet.goal)!]!;
    if (slot.pool !== 'serving' || answers(slot)) continue;
    if (!state.unhealthy.has(slotId(slot.slot)))
      events.push({
        type: 'unhealthy',
        slot: slotId(slot.slot),
        reason: slot.lastFailure ?? slot.lastExit ?? 'failed its check',
      });
  }
  for (const id of state.unhealthy) {
    const slot = slotOf(fleet, id);
    if (slot && answers(slot)) events.push({ type: 'healthy-again', slot: id });
  }
  for (const [name, since] of state.touched) {
    const progress = fleet.progress(name);
    if ((progress === 'settled' || progress === 'gone') && !state.busy.has(name))
      events.push({ type: 'settled', instance: name, seconds: (now - since) / 1000 });
  }
  return [...events, ...stepPassed(state, fleet, now)];
}

function slotOf(fleet: Fleet, id: SlotId) {
  const address = parseSlotId(id)!;
  return fleet.instance(address.instance)?.slots[address.slot];
}
