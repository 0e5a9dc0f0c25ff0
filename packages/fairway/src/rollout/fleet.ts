import { isClean, isOperational, runs, type SlotObservation } from './observation.ts';
import type { Goal } from './plan.ts';
import type { SlotName } from './slot.ts';

/** How far one instance is from the goal. */
export type Progress =
  /** Reached it: the goal's generation serves, nothing else is left. */
  | 'settled'
  /** Not wanted and nothing of it is left. */
  | 'gone'
  /** Another generation serves, and nothing has been done about it yet. */
  | 'outdated'
  /** Another generation serves, and both slots are taken: one has to be cleared before anything can start. */
  | 'crowded'
  /** The goal's generation runs, but not all is done. */
  | 'moving'
  /** Wanted, and neither serves nor runs what it should. */
  | 'broken'
  /** Not wanted, and something of it is left. */
  | 'surplus';

export interface FleetInstance {
  readonly name: string;
  readonly host: string;
  readonly wanted: boolean;
  readonly slots: { a?: SlotObservation; b?: SlotObservation };
}

const CATEGORIES: readonly Progress[] = [
  'settled',
  'gone',
  'outdated',
  'crowded',
  'moving',
  'broken',
  'surplus',
];

/**
 * An observation of all of an app's instances, sorted by how far each is from a goal. Kept as an index, so that a decision
 * costs as much as there is to do, not as much as there are instances; {@link Fleet.see} moves one slot in constant time.
 */
export class Fleet {
  readonly goal: Goal;
  /** Whether the balancer knows the app's routes. */
  readonly declared: boolean;
  readonly #instances = new Map<string, FleetInstance>();
  readonly #progress = new Map<string, Progress>();
  readonly #sorted = new Map<Progress, Set<string>>(CATEGORIES.map((category) => [category, new Set()]));
  readonly #outOfReach = new Set<string>();
  #operational = 0;
  #doubled = 0;

  constructor(goal: Goal, slots: Iterable<SlotObservation>, declared: boolean) {
    this.goal = goal;
    this.declared = declared;
    for (const { name, host } of goal.instances)
      this.#instances.set(name, { name, host, wanted: goal.generation !== undefined, slots: {} });
    for (const slot of slots) this.#place(slot);
    for (const instance of this.#instances.values()) this.#file(instance);
  }

  /** Takes in a newer observation of one slot. */
  see(slot: SlotObservation): void {
    const known = this.#instances.get(slot.slot.instance);
    if (known) this.#unfile(known);
    this.#file(this.#place(slot));
  }

  instance(name: string): FleetInstance | undefined {
    return this.#instances.get(name);
  }

  progress(name: string): Progress | undefined {
    return this.#progress.get(name);
  }

  in(category: Progress): ReadonlySet<string> {
    return this.#sorted.get(category)!;
  }

  /** Instances on hosts that cannot be reached. */
  get outOfReach(): ReadonlySet<string> {
    return this.#outOfReach;
  }

  /** Wanted instances that take requests and answer them, with whichever generation. */
  get operational(): number {
    return this.#operational;
  }

  /** Wanted instances with something in both slots. */
  get doubled(): number {
    return this.#doubled;
  }

  #place(slot: SlotObservation): FleetInstance {
    const name = slot.slot.instance;
    let instance = this.#instances.get(name);
    if (!instance) {
      instance = { name, host: slot.host, wanted: false, slots: {} };
      this.#instances.set(name, instance);
    }
    instance.slots[slot.slot.slot] = slot;
    return instance;
  }

  #file(instance: FleetInstance): void {
    const progress = progressOf(instance, this.goal);
    this.#progress.set(instance.name, progress);
    this.#sorted.get(progress)!.add(instance.name);
    if (instance.wanted && operates(instance)) this.#operational += 1;
    if (isDoubled(instance)) this.#doubled += 1;
    if (isOutOfReach(instance)) this.#outOfReach.add(instance.name);
  }

  #unfile(instance: FleetInstance): void {
    this.#sorted.get(this.#progress.get(instance.name)!)!.delete(instance.name);
    if (instance.wanted && operates(instance)) this.#operational -= 1;
    if (isDoubled(instance)) this.#doubled -= 1;
    this.#outOfReach.delete(instance.name);
  }
}

/** Whether any slot of the instance takes requests and answers them. */
export function operates(instance: FleetInstance): boolean {
  return isOperational(instance.slots.a) || isOperational(instance.slots.b);
}

/** The slot that runs the goal's generation. The serving one, should both run it. */
export function freshSlot(instance: FleetInstance, goal: Goal): SlotName | undefined {
  const candidates = (['a', 'b'] as const).filter((name) => runs(instance.slots[name], goal.generation));
  return candidates.find((name) => instance.slots[name]?.pool === 'serving') ?? candidates[0];
}

/** Its host cannot be reached: what is taken out of service there could not be replaced. */
export function isOutOfReach(instance: FleetInstance): boolean {
  return instance.slots.a?.process === 'unknown' || instance.slots.b?.process === 'unknown';
}

function isDoubled(instance: FleetInstance): boolean {
  return instance.wanted && !isClean(instance.slots.a) && !isClean(instance.slots.b);
}

function progressOf(instance: FleetInstance, goal: Goal): Progress {
  const clean = isClean(instance.slots.a) && isClean(instance.slots.b);
  if (!instance.wanted) return clean ? 'gone' : 'surplus';
  const fresh = freshSlot(instance, goal);
  if (fresh === undefined) {
    if (!operates(instance)) return 'broken';
    return isDoubled(instance) ? 'crowded' : 'outdated';
  }
  const other = instance.slots[fresh === 'a' ? 'b' : 'a'];
  return isOperational(instance.slots[fresh]) &&
    instance.slots[fresh]?.poolGeneration === goal.generation &&
    isClean(other)
    ? 'settled'
    : 'moving';
}
