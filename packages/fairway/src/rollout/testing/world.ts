import type { Action, Intent, SlotAction } from '../actions.ts';
import type { SlotObservation, SplitObservation } from '../observation.ts';
import type { Plan } from '../plan.ts';
import { type GenerationId, parseSlotId, type SlotId, type SlotName, slotId } from '../slot.ts';
import { type Chance, chanceFrom } from './chance.ts';
import { type Fault, type History, type Leftover, planOf } from './history.ts';
import { generations } from './plans.ts';

/** The world moves in steps of this length, ms. */
export const TICK_MS = 250;

/** One slot: its process and the balancer's server for it. Times are the world's. */
interface Place {
  readonly address: { readonly app: string; readonly instance: string; readonly slot: SlotName };
  process: SlotObservation['process'];
  generation: GenerationId | undefined;
  startedAt: number;
  restarts: number;
  /** `backoff` until then, or `stopping` until then. */
  until: number;
  pool: SlotObservation['pool'];
  label: GenerationId | undefined;
  side: 'canary' | undefined;
  healthy: boolean;
  /** Checks in a row that disagreed with `healthy`. */
  disagreed: number;
  drainedAt: number;
}

type SplitAction = Extract<Action, { kind: 'set-share' | 'promote' }>;

interface Call {
  readonly intent: Intent;
  effectAt: number;
  landsAt: number;
  fails: boolean;
  readonly takesEffect: boolean;
  /** How often the share had been taken to 0 when it was asked for. */
  readonly zeroed: number;
  applied: boolean;
}

export interface Completion {
  readonly id: string;
  /** Undefined: done. */
  readonly failure?: string;
}

/** Hosts and a balancer, simulated, with faults. What they are told takes a while, may fail, and may fail after its effect. */
export class World {
  now = 0;
  /** Grows whenever a watcher would be told. */
  changes = 0;
  readonly places = new Map<SlotId, Place>();
  readonly installed = new Set<GenerationId>();
  readonly hooksRun: string[] = [];
  declared: string | undefined;
  share = { basisPoints: 0, offset: 0 };
  /** When the share was last changed, and when it first was above 0. */
  shareSetAt = Number.NEGATIVE_INFINITY;
  sharedFrom = Number.POSITIVE_INFINITY;
  promotedAt = Number.POSITIVE_INFINITY;
  #zeroed = 0;
  /** When a server was last admitted, by the world's own clock. */
  admittedAt = Number.NEGATIVE_INFINITY;
  /** What a world that is treated properly never sees. */
  readonly violations: string[] = [];
  readonly #history: History;
  readonly #plan: Plan;
  readonly #chance: Chance;
  readonly #exits: Fault[];
  readonly #losses: Fault[];
  #calls: Call[] = [];
  #landed: Completion[] = [];

  constructor(history: History) {
    this.#history = history;
    this.#plan = planOf(history);
    this.#chance = chanceFrom(history.seed);
    this.#exits = history.faults.filter((fault) => fault.kind === 'exit');
    this.#losses = history.faults.filter((fault) => fault.kind === 'share-lost');
    const { generation, pin, instances } = this.#plan.previous;
    this.declared = pin;
    for (const { name } of instances)
      this.#put(
        { instance: name, slot: history.oldSlot, process: 'running', runs: 'old', pool: 'serving' },
        generation,
      );
    for (const leftover of history.leftovers) this.#put(leftover, this.#generationOf(leftover));
  }

  #generationOf(leftover: Leftover): GenerationId {
    if (leftover.runs === 'other') return 'older+c0';
    const goal = leftover.runs === 'old' ? this.#plan.previous : this.#plan.target;
    return goal.generation ?? generations.old;
  }

  #put(
    given: Omit<Leftover, 'label' | 'restarts'> & Partial<Leftover>,
    generation: GenerationId | undefined,
  ): void {
    const address = { app: this.#plan.app, instance: given.instance, slot: given.slot };
    const isAlive = given.process !== 'absent' && given.process !== 'stopped';
    this.places.set(slotId(address), {
      address,
      process: given.process,
      generation: isAlive ? generation : undefined,
      startedAt: -100_000,
      restarts: given.restarts ?? 0,
      until: 1_000,
      pool: given.pool,
      label: given.pool === 'absent' ? undefined : given.label === 'other' ? 'older+c0' : generation,
      side: undefined,
      healthy: given.pool !== 'absent' && given.process === 'running',
      disagreed: 0,
      drainedAt: 2 * TICK_MS,
    });
  }

  /** Lets one tick pass. */
  tick(): void {
    this.now += TICK_MS;
    const due = this.#exits.filter((fault) => fault.atMs <= this.now);
    for (const fault of due) {
      this.#exits.splice(this.#exits.indexOf(fault), 1);
      for (const place of this.places.values())
        if (fault.kind === 'exit' && place.address.instance === fault.instance) this.#exit(place);
    }
    const lost = this.#losses.find((fault) => fault.atMs <= this.now);
    if (lost && !this.#calls.some(({ intent }) => intent.action.kind === 'set-share')) {
      this.#losses.splice(this.#losses.indexOf(lost), 1);
      this.zero();
    }
    for (const place of this.places.values()) this.#live(place);
    for (const call of this.#calls) {
      if (!call.applied && call.effectAt <= this.now) this.#reach(call);
      if (call.landsAt <= this.now)
        this.#landed.push({
          id: call.intent.id,
          ...(call.fails && { failure: `${call.intent.action.kind} failed` }),
        });
    }
    if (this.#landed.length > 0) this.#calls = this.#calls.filter((call) => call.landsAt > this.now);
  }

  /** Takes all users back, at once and before anything that was asked for earlier. */
  zero(): void {
    this.#zeroed += 1;
    if (this.share.basisPoints === 0) return;
    this.share = { ...this.share, basisPoints: 0 };
    this.changes += 1;
  }

  /** How users are split, and what the judge says. */
  split(): SplitObservation {
    const { canary } = this.#history;
    if (!canary || this.sharedFrom > this.now) return { share: this.share };
    const isKnown = this.now >= this.sharedFrom + canary.verdictAfterMs;
    const outcome = isKnown ? canary.verdict : 'inconclusive';
    return { share: this.share, verdict: { outcome, sentence: `it is ${outcome}` } };
  }

  #live(place: Place): void {
    if (place.process === 'running' && this.#crashes(place)) this.#exit(place);
    if (place.process === 'backoff' && place.until <= this.now) {
      place.process = 'running';
      place.startedAt = this.now;
      this.changes += 1;
    }
    if (place.process === 'stopping' && place.until <= this.now) this.#end(place);
    if (place.pool === 'draining' && place.drainedAt <= this.now) {
      place.pool = 'out';
      this.changes += 1;
    }
    if (place.pool !== 'absent') this.#check(place);
  }

  #crashes(place: Place): boolean {
    const isNew = place.generation === this.#plan.target.generation && this.#history.change !== 'same';
    return (
      isNew &&
      this.#history.newRelease === 'crashes' &&
      this.now >= place.startedAt + this.#history.bootMs / 2 + TICK_MS
    );
  }

  #exit(place: Place): void {
    if (place.process !== 'running') return;
    place.process = 'backoff';
    place.restarts += 1;
    place.until = this.now + Math.min(4_000, TICK_MS * 2 ** place.restarts);
    this.changes += 1;
  }

  #end(place: Place): void {
    place.process = this.#chance.percent(50) ? 'stopped' : 'absent';
    place.generation = undefined;
    place.restarts = 0;
    this.changes += 1;
  }

  /** One health check: two that say the other thing turn the balancer's mind. */
  #check(place: Place): void {
    if (this.answers(place) === place.healthy) {
      place.disagreed = 0;
      return;
    }
    place.disagreed += 1;
    if (place.disagreed < 2 && this.#chance.percent(60)) return;
    place.healthy = !place.healthy;
    place.disagreed = 0;
    this.changes += 1;
  }

  /** Whether a request sent to the place now would be answered. */
  answers(place: Place): boolean {
    const { change, newRelease, oldRelease, bootMs } = this.#history;
    if (place.process !== 'running') return false;
    if (place.startedAt >= 0 && this.now < place.startedAt + bootMs) return false;
    const isNew = place.generation === this.#plan.target.generation && change !== 'same';
    if (isNew && newRelease === 'never-healthy') return false;
    if (!isNew && oldRelease === 'gone-bad' && place.startedAt >= 0) return false;
    return !this.#history.faults.some(
      (fault) =>
        fault.atMs <= this.now &&
        this.now < fault.atMs + fault.lastsMs &&
        (fault.kind === 'shared' || (fault.kind === 'sick' && fault.instance === place.address.instance)),
    );
  }

  /** The controller has journalled the intent and calls. */
  begin(intent: Intent): void {
    const effectAt = this.now + this.#chance.upTo(3) * TICK_MS;
    const fails = this.#history.faults.some(
      (fault) =>
        fault.kind === 'actions-fail' &&
        fault.atMs <= this.now &&
        this.now < fault.atMs + fault.lastsMs &&
        this.#chance.percent(fault.percent),
    );
    const takesEffect = !fails || this.#chance.percent(40);
    const stopMs = intent.action.kind === 'stop' ? 2 * TICK_MS : 0;
    const landsAt = effectAt + stopMs + this.#chance.upTo(2) * TICK_MS;
    this.#calls.push({ intent, effectAt, landsAt, fails, takesEffect, zeroed: this.#zeroed, applied: false });
  }

  /** The calls that have ended since this was last asked. */
  completions(): Completion[] {
    const landed = this.#landed;
    this.#landed = [];
    return landed;
  }

  hasCompletions(): boolean {
    return this.#landed.length > 0;
  }

  /** Calls whose effect has not happened yet. */
  pending(): readonly Intent[] {
    return this.#calls.filter((call) => !call.applied).map((call) => call.intent);
  }

  /** The controller is gone: of its calls some had already been sent, and no one hears how any of them ends. */
  abandon(): void {
    for (const call of this.#calls) if (!call.applied && this.#chance.percent(50)) this.#reach(call);
    this.#calls = [];
    this.#landed = [];
  }

  #reach(call: Call): void {
    call.applied = true;
    if (!call.takesEffect) return;
    this.changes += 1;
    const { action } = call.intent;
    if (action.kind === 'set-share' || action.kind === 'promote') {
      if (this.#affectSplit(action, call) === 'refused') call.fails = true;
    } else if (!('slot' in action)) this.#affectAll(action);
    else if (this.#affect(action) === 'refused') call.fails = true;
  }

  #affectSplit(action: SplitAction, { zeroed }: Call): 'refused' | undefined {
    const isLate = zeroed !== this.#zeroed;
    if (action.kind === 'set-share') {
      if (action.basisPoints > 0 && isLate) return undefined;
      if (action.basisPoints > 0) this.sharedFrom = Math.min(this.sharedFrom, this.now);
      this.share = { basisPoints: action.basisPoints, offset: action.offset };
      this.shareSetAt = this.now;
      return undefined;
    }
    const places = [...this.places.values()].filter(({ pool }) => pool !== 'absent');
    if (!places.some(({ side, label }) => side === 'canary' && label === action.generation)) return undefined;
    if (isLate || this.share.basisPoints === 0) return 'refused';
    this.share = { ...this.share, basisPoints: 0 };
    this.promotedAt = Math.min(this.promotedAt, this.now);
    for (const place of places) {
      if (place.label === action.generation) place.side = undefined;
      else if (place.pool === 'serving') {
        place.pool = 'draining';
        place.drainedAt = this.now + this.#drainMs(action.timeoutMs);
      }
    }
    return undefined;
  }

  #affectAll(action: Exclude<Action, SlotAction | SplitAction>): void {
    if (action.kind === 'install') this.installed.add(action.generation);
    else if (action.kind === 'hook') this.hooksRun.push(action.hook);
    else if (action.kind === 'declare') this.declared = action.pin;
    else {
      this.declared = undefined;
      for (const place of this.places.values()) if (place.pool === 'serving') this.#broke('forget', place);
    }
  }

  #affect(action: SlotAction): 'refused' | undefined {
    const id = slotId(action.slot);
    if (action.kind === 'start' && !this.places.has(id))
      this.#put({ ...action.slot, process: 'absent', runs: 'old', pool: 'absent' }, undefined);
    const place = this.places.get(id);
    if (!place) {
      this.violations.push(`${action.kind} of ${id}, which does not exist`);
      return 'refused';
    }
    switch (action.kind) {
      case 'start':
        if (place.process !== 'absent' && place.process !== 'stopped') this.#broke('start', place);
        Object.assign(place, {
          process: 'running',
          generation: action.generation,
          startedAt: this.now,
          restarts: 0,
        });
        return undefined;
      case 'register':
        if (this.declared === undefined) this.#broke('register without routes', place);
        if (place.pool === 'absent')
          Object.assign(place, { pool: 'out', healthy: false, disagreed: 0, side: action.side });
        place.label = action.generation;
        return undefined;
      case 'admit':
        if (!place.healthy || place.pool === 'absent') return 'refused';
        if (place.pool !== 'serving') this.admittedAt = this.now;
        place.pool = 'serving';
        return undefined;
      case 'drain':
        if (place.pool !== 'serving') return undefined;
        place.pool = 'draining';
        place.drainedAt = this.now + this.#drainMs(action.timeoutMs);
        return undefined;
      case 'deregister':
        if (place.pool === 'serving' || place.pool === 'draining') this.#broke('deregister', place);
        Object.assign(place, { pool: 'absent', label: undefined, healthy: false, side: undefined });
        return undefined;
      case 'stop':
        if (place.pool !== 'absent') this.#broke('stop', place);
        if (place.process === 'absent' || place.process === 'stopped') return undefined;
        place.process = 'stopping';
        place.until = this.now + 2 * TICK_MS;
        return undefined;
    }
  }

  #drainMs(timeoutMs: number): number {
    return this.#history.slowRequests ? timeoutMs : this.#chance.upTo(4) * TICK_MS;
  }

  #broke(what: string, place: Place): void {
    this.violations.push(`${what} of ${slotId(place.address)} while it was ${place.process}, ${place.pool}`);
  }

  /** What hosts and balancer tell now. */
  observe(): SlotObservation[] {
    return [...this.places.entries()].map(([id, place]) => ({
      slot: parseSlotId(id)!,
      host: 'local',
      process: place.process,
      ...(place.generation !== undefined && { generation: place.generation, startedAt: place.startedAt }),
      restarts: place.restarts,
      pool: place.pool,
      ...(place.label !== undefined && { poolGeneration: place.label }),
      ...(place.side && { side: place.side }),
      healthy: place.healthy,
      inFlight: place.pool === 'draining' ? 1 : 0,
    }));
  }
}
