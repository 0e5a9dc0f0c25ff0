import type { Outcome } from '../rollout/events.ts';
import type { Plan } from '../rollout/plan.ts';
import type { RolloutRecord, Store } from '../store/store.ts';

/** What follows from the end of a rollout: what stands now, and how the request ended. May be repeated after a crash. */
export function conclude(
  store: Store,
  record: RolloutRecord,
  plan: Plan | undefined,
  outcome: Outcome,
  reason: string,
  now: number,
): void {
  if (outcome === 'succeeded' && plan) adopt(store, record, plan, now);
  if (outcome === 'taken-back' && plan?.previous.generation === undefined && plan)
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
  if (current?.rollout !== record.id && (current?.release !== release || current.config !== pin))
    store.recordStanding(plan.app, { release, config: pin, rollout: record.id, since: now });
  const wanted = new Set(instances.map((instance) => instance.name));
  for (const { name } of plan.previous.instances) if (!wanted.has(name)) store.releasePorts(plan.app, name);
}
