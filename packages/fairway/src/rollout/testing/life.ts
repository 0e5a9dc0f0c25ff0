import { advance, replay } from '../advance.ts';
import { type Decision, decide } from '../decide.ts';
import type { Outcome, RolloutEvent, TimedEvent } from '../events.ts';
import { Fleet } from '../fleet.ts';
import { NO_SPLIT, type SlotObservation, type SplitObservation } from '../observation.ts';
import { isOutdated } from '../outdated.ts';
import { goalOf, type RolloutState } from '../state.ts';
import {
  type ControllerCrash,
  calmAfterMs,
  type History,
  type OperatorCommand,
  planOf,
  times,
} from './history.ts';
import { BrokenPromise, Promises } from './promises.ts';
import { TICK_MS, World } from './world.ts';

/** How two values are compared; given from outside, so that this file needs nothing but the decisions. */
export type Compare = (one: unknown, other: unknown) => boolean;

export interface Life {
  readonly outcome: Outcome;
  readonly journal: readonly TimedEvent[];
  readonly decisions: number;
  readonly endedAtMs: number;
}

/** Decisions that follow at once from one another; more of them is a loop without end. */
const MOST_AT_ONCE = 8;
const SAMPLE_EVERY = 16;

/**
 * Lives through one history the way the runner does: completions are folded in, the world is observed, the decision is
 * journalled, then its actions are begun. Controllers die and are replaced meanwhile.
 *
 * @throws BrokenPromise as soon as a promise does not hold, and when the rollout does not come to an end.
 */
export function live(history: History, isEqual: Compare): Life {
  const controller = new Controller(history, isEqual);
  try {
    return controller.run();
  } catch (error) {
    throw Object.assign(error as Error, { journal: controller.journal });
  }
}

class Controller {
  readonly #history: History;
  readonly #isEqual: Compare;
  readonly #world: World;
  readonly #promises: Promises;
  readonly journal: TimedEvent[] = [];
  readonly #crashes: ControllerCrash[];
  readonly #commands: History['commands'][number][];
  #state: RolloutState;
  /** Entries of the journal that are in the state. */
  #folded = 1;
  #seenDeclared = false;
  #seenSplit: SplitObservation = NO_SPLIT;
  #isPromoted = false;
  #fleet: Fleet | undefined;
  #lookAt = 0;
  #seenChanges = -1;
  #downUntil = -1;
  #decisions = 0;

  constructor(history: History, isEqual: Compare) {
    this.#history = history;
    this.#isEqual = isEqual;
    this.#world = new World(history);
    this.#promises = new Promises(history, this.#world);
    this.#crashes = [...history.crashes].sort((one, other) => one.atMs - other.atMs);
    this.#commands = [...history.commands].sort((one, other) => one.atMs - other.atMs);
    this.journal.push({ at: 0, event: { type: 'started', plan: planOf(history), summary: 'simulated' } });
    this.#state = replay(this.journal)!;
  }

  run(): Life {
    const calm = calmAfterMs(this.#history);
    const most = calm + longestMs(this.#history);
    while (!this.#state.finished) {
      this.#world.tick();
      this.#promises.ticked();
      if (this.#world.now > most)
        throw new BrokenPromise(`not over after ${most} ms, ${calm} of them with faults`);
      if (this.#downUntil >= 0) {
        if (this.#world.now < this.#downUntil) continue;
        this.#takeUp();
      }
      if (this.#hearOperator()) this.#fold();
      if (this.#world.now > calm && this.#promises.isPaused)
        this.#record({ type: 'resumed', by: 'ada', why: '' });
      if (this.#world.now > calm && this.#history.canary && !this.#isPromoted) {
        this.#isPromoted = true;
        this.#record({ type: 'promote-requested', by: 'ada', why: '', all: true });
        this.#seenChanges = -1;
      }
      if (this.#isDue('idle')) this.#die();
      else if (this.#isAwake()) this.#round();
    }
    const after = decide(this.#state, this.#observe(), this.#world.now);
    this.#promises.decided(after, this.#world.observe(), this.#world.split());
    this.#checkReplay();
    return {
      outcome: this.#state.finished.outcome,
      journal: this.journal,
      decisions: this.#decisions,
      endedAtMs: this.#world.now,
    };
  }

  #isAwake(): boolean {
    return (
      this.#world.hasCompletions() ||
      this.#world.changes !== this.#seenChanges ||
      this.#world.now >= this.#lookAt
    );
  }

  #round(): void {
    if (this.#world.hasCompletions() && this.#isDue('before-completions-are-recorded')) this.#die();
    else this.#decideAndAct();
  }

  #decideAndAct(): void {
    for (let times = 0; times < MOST_AT_ONCE; times += 1) {
      this.#journalCompletions();
      this.#fold();
      this.#seenChanges = this.#world.changes;
      const seen = this.#look();
      const decision = this.#decide(seen);
      if (isOutdated(decision, this.journal.slice(this.#folded))) continue;
      this.#promises.decided(decision, seen, this.#seenSplit);
      if (decision.actions.length > 0 && this.#isDue('before-the-record')) {
        this.#promises.lost();
        this.#die();
        return;
      }
      for (const event of decision.events) this.#journal(event);
      this.#fold();
      if (decision.actions.length > 0 && this.#isDue('after-the-record')) {
        this.#die();
        return;
      }
      for (const intent of decision.actions) this.#world.begin(intent);
      this.#lookAt = decision.lookAgainAt;
      if (this.#state.finished || this.#lookAt > this.#world.now) return;
    }
    throw new BrokenPromise(`at ${this.#world.now} ms: it decides and decides without an end`);
  }

  /** What is seen, which is what was when the look began; meanwhile calls end and operators speak, in the journal only. */
  #look(): readonly SlotObservation[] {
    const slots = this.#world.observe();
    const isDeclared = this.#world.declared !== undefined;
    const split = this.#world.split();
    for (let passed = 0; passed < this.#history.lookMs; passed += TICK_MS) {
      this.#world.tick();
      this.#promises.ticked();
      this.#journalCompletions();
      this.#hearOperator();
    }
    this.#seenDeclared = isDeclared;
    this.#seenSplit = split;
    return slots;
  }

  #decide(slots: readonly SlotObservation[]): Decision {
    this.#decisions += 1;
    const fleet = new Fleet(goalOf(this.#state), slots, this.#seenDeclared, this.#seenSplit);
    const isSample = this.#decisions % SAMPLE_EVERY === 0;
    const before = isSample ? structuredClone({ state: this.#state, slots }) : undefined;
    const decision = decide(this.#state, fleet, this.#world.now);
    if (before) {
      if (!this.#isEqual(before, { state: this.#state, slots }))
        throw new BrokenPromise('a decision changed its inputs');
      if (!this.#isEqual(decision, decide(this.#state, fleet, this.#world.now)))
        throw new BrokenPromise('the same question had two answers');
      this.#checkIncremental(slots, fleet);
    }
    return decision;
  }

  #observe(): Fleet {
    const { declared } = this.#world;
    return new Fleet(goalOf(this.#state), this.#world.observe(), declared !== undefined, this.#world.split());
  }

  /** A fleet that was told every change is the same as one that is made anew. */
  #checkIncremental(slots: readonly SlotObservation[], made: Fleet): void {
    const isSameGoal = this.#fleet?.goal === made.goal && this.#fleet.declared === made.declared;
    const told = isSameGoal ? this.#fleet! : new Fleet(made.goal, [], made.declared, made.split);
    for (const slot of slots) told.see(slot);
    this.#fleet = told;
    if (!this.#isEqual(sizes(told), sizes(made))) throw new BrokenPromise('a fleet lost count');
  }

  #checkReplay(): void {
    const again = replay(JSON.parse(JSON.stringify(this.journal)) as TimedEvent[]);
    if (!this.#isEqual(again, this.#state)) throw new BrokenPromise('the journal tells another state');
  }

  #record(event: RolloutEvent): void {
    this.#journal(event);
    this.#fold();
  }

  #journal(event: RolloutEvent): void {
    if (!isCompletion(event)) this.#promises.recorded(event);
    this.journal.push({ at: this.#world.now, event });
  }

  #journalCompletions(): void {
    for (const { id, failure } of this.#world.completions())
      this.#journal(failure ? { type: 'action-failed', id, reason: failure } : { type: 'action-done', id });
  }

  /** Takes what was journalled into the state, in the journal's order. */
  #fold(): void {
    for (; this.#folded < this.journal.length; this.#folded += 1) {
      const { event, at } = this.journal[this.#folded]!;
      // A decision that does not know of it yet is held to what it knows.
      if (isCompletion(event)) this.#promises.recorded(event);
      advance(this.#state, event, at);
    }
    if (this.#decisions % SAMPLE_EVERY === 0) this.#checkReplay();
  }

  /** Whether an operator has said something by now; it is in the journal then. */
  #hearOperator(): boolean {
    let heard = false;
    for (; this.#commands[0] && this.#commands[0].atMs <= this.#world.now; heard = true) {
      const { command } = this.#commands.shift()!;
      // The one effect that comes before its record.
      if (command === 'abort') this.#world.zero();
      this.#journal({ ...wordOf(command), by: 'ada', why: '' });
      this.#seenChanges = -1;
    }
    return heard;
  }

  #isDue(moment: ControllerCrash['moment']): boolean {
    const next = this.#crashes[0];
    return next !== undefined && next.atMs <= this.#world.now && next.moment === moment;
  }

  #die(): void {
    this.#downUntil = this.#world.now + this.#crashes.shift()!.downMs;
    this.#world.abandon();
  }

  #takeUp(): void {
    this.#downUntil = -1;
    this.#state = replay(JSON.parse(JSON.stringify(this.journal)) as TimedEvent[])!;
    this.#folded = this.journal.length;
    this.#fleet = undefined;
    this.#record({ type: 'taken-up', holder: 'another' });
    this.#seenChanges = -1;
  }
}

function wordOf(command: OperatorCommand['command']) {
  switch (command) {
    case 'abort':
      return { type: 'abort-requested' } as const;
    case 'pause':
      return { type: 'paused' } as const;
    case 'resume':
      return { type: 'resumed' } as const;
    case 'promote':
    case 'promote-all':
      return { type: 'promote-requested', all: command === 'promote-all' } as const;
  }
}

function isCompletion({ type }: RolloutEvent): boolean {
  return type === 'action-done' || type === 'action-failed';
}

function sizes(fleet: Fleet): unknown {
  const categories = [
    'settled',
    'gone',
    'outdated',
    'crowded',
    'staged',
    'moving',
    'broken',
    'surplus',
  ] as const;
  return [fleet.operational, fleet.doubled, ...categories.map((category) => [...fleet.in(category)].sort())];
}

/** The most that a rollout may take once nothing goes wrong any more: there, and back. */
function longestMs(history: History): number {
  const perInstance =
    times.drainTimeoutMs + times.startTimeoutMs + history.policy.soakMs + 16 * (TICK_MS + history.lookMs);
  const instances = Math.max(history.before, history.after) + history.leftovers.length;
  const holds = (history.canary?.steps ?? []).map(({ holdMs }) => (holdMs === 'manual' ? 0 : holdMs));
  const tried = [...holds, history.canary?.bakeMs ?? 0].reduce((sum, hold) => sum + hold + perInstance);
  return tried + 2 * times.stallTimeoutMs + 2 * instances * perInstance + 30_000;
}
