import type { RolloutEvent } from '../rollout/events.ts';
import type { Plan } from '../rollout/plan.ts';
import type { JournalEntry, RolloutRecord, Store } from '../store/store.ts';
import type { Journal } from './journal.ts';

interface Parts {
  readonly store: Store;
  readonly journal: Journal;
  readonly now: () => number;
}

/**
 * Appends to a rollout's journal. With its last event, in the same transaction, comes what follows from that: what stands
 * now, and how the request ended. `plan`: undefined while there is none.
 */
export function append(
  { store, journal, now }: Parts,
  record: RolloutRecord,
  plan: Plan | undefined,
  events: readonly RolloutEvent[],
  fence: number | undefined,
): readonly JournalEntry[] {
  const end = events.find((event) => event.type === 'finished');
  return journal.append(record.app, record.id, events, fence, () => {
    if (end) conclude(store, record, plan, end, now());
  });
}

function conclude(
  store: Store,
  record: RolloutRecord,
  plan: Plan | undefined,
  { outcome, reason }: Extract<RolloutEvent, { type: 'finished' }>,
  now: number,
): void {
  if (outcome === 'succeeded' && plan) adopt(store, record, plan, now);
  if (outcome === 'taken-back' && plan && plan.previous.generation === undefined)
    store.releasePorts(plan.app);
  store.setStatus(record.id, outcome, reason);
}

function adopt(store: Store, record: RolloutRecord, plan: Plan, now: number): void {
  const { generation, pin, instances } = plan.target;
  if (generation === undefined || pin === undefined) {
    store.clearStandings(plan.app);
    store.releasePorts(plan.app);
    return;
  }
  const [current] = store.standings(plan.app);
  const release = generation.split('+')[0]!;
  if (current?.release !== release || current.config !== pin)
    store.recordStanding(plan.app, { release, config: pin, rollout: record.id, since: now });
  const wanted = new Set(instances.map((instance) => instance.name));
  for (const { name } of plan.previous.instances) if (!wanted.has(name)) store.releasePorts(plan.app, name);
}
