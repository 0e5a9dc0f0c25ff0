import {
  answers,
  isClean,
  isOperational,
  NO_SPLIT,
  runs,
  type SlotObservation,
  type SplitObservation,
} from './observation.ts';
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
  /** The goal's generation answers as a canary; what else is there serves on. */
  | 'staged'
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
  'staged',
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
  readonly split: SplitObservation;
  readonly #filed = new Map<string, Filed>();
  readonly #sorted = new Map<Progress, Set<string>>(CATEGORIES.map((category) => [category, new Set()]));
  readonly #outOfReach = new Set<string>();
  #operational = 0;
  #doubled = 0;

  constructor(
    goal: Goal,
    slots: Iterable<SlotObservation>,
    declared: boolean,
    split: SplitObservation = NO_SPLIT,
  ) {
    this.goal = goal;
    this.declared = declared;
    this.split = split;
    for (const { name, host } of goal.instances) this.#add(name, host, goal.generation !== undefined);
    for (const slot of slots) this.#place(slot);
    for (const filed of this.#filed.values()) this.#file(filed);
  }

  /** Takes in a newer observation of one slot. */
  see(slot: SlotObservation): void {
    this.#file(this.#place(slot));
  }

  instance(name: string): FleetInstance | undefined {
    return this.#filed.get(name)?.instance;
  }

  progress(name: string): Progress | undefined {
    return this.#filed.get(name)?.progress;
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

  #add(name: string, host: string, wanted: boolean): Filed {
    const instance = { name, host, wanted, slots: {} };
    const filed = { instance, progress: undefined, isOperational: false, isDoubled: false };
    this.#filed.set(name, filed);
    return filed;
  }

  #place(slot: SlotObservation): Filed {
    const name = slot.slot.instance;
    const filed = this.#filed.get(name) ?? this.#add(name, slot.host, false);
    filed.instance.slots[slot.slot.slot] = slot;
    return filed;
  }

  /** Only what has changed is moved: a set that is left and entered again and again has to be made anew from time to time. */
  #file(filed: Filed): void {
    const { instance } = filed;
    const { name, wanted } = instance;
    const progress = progressOf(instance, this.goal);
    if (progress !== filed.progress) {
      if (filed.progress !== undefined) this.#sorted.get(filed.progress)!.delete(name);
      this.#sorted.get(progress)!.add(name);
      filed.progress = progress;
    }
    const isServing = wanted && operates(instance);
    this.#operational += Number(isServing) - Number(filed.isOperational);
    filed.isOperational = isServing;
    const hasBoth = isDoubled(instance);
    this.#doubled += Number(hasBoth) - Number(filed.isDoubled);
    filed.isDoubled = hasBoth;
    if (isOutOfReach(instance)) this.#outOfReach.add(name);
    else if (this.#outOfReach.size > 0) this.#outOfReach.delete(name);
  }
}

/** An instance, and what it was counted as when it was last looked at. */
interface Filed {
  readonly instance: FleetInstance;
  progress: Progress | undefined;
  isOperational: boolean;
  isDoubled: boolean;
}

/** Whether any slot of the instance takes requests and answers them. */
export function operates(instance: FleetInstance): boolean {
  return isOperational(instance.slots.a) || isOperational(instance.slots.b);
}

/** The slot that runs the goal's generation. The serving one, should both run it. */
export function freshSlot(instance: FleetInstance, goal: Goal): SlotName | undefined {
  const { a, b } = instance.slots;
  const isInA = runs(a, goal.generation);
  const isInB = runs(b, goal.generation);
  if (isInA && isInB) return b?.pool === 'serving' && a?.pool !== 'serving' ? 'b' : 'a';
  if (isInA) return 'a';
  return isInB ? 'b' : undefined;
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
  const slot = instance.slots[fresh]!;
  if (slot.side === 'canary' && answers(slot) && slot.poolGeneration === goal.generation) return 'staged';
  const other = instance.slots[fresh === 'a' ? 'b' : 'a'];
  return isOperational(instance.slots[fresh]) &&
    instance.slots[fresh]?.poolGeneration === goal.generation &&
    isClean(other)
    ? 'settled'
    : 'moving';
}
