import type { Intent } from '../rollout/actions.ts';
import { decide } from '../rollout/decide.ts';
import type { RolloutEvent, TimedEvent } from '../rollout/events.ts';
import { Fleet } from '../rollout/fleet.ts';
import { parseSlotId } from '../rollout/slot.ts';
import { advance, goalOf, type RolloutState, replay } from '../rollout/state.ts';
import { isStalled, stalledBecause } from '../rollout/verdict.ts';
import type { Crash } from './crash-point.ts';
import { lastLogLines } from './evidence.ts';
import { type AppObservation, observeApp } from './observe.ts';
import { perform, type World } from './perform.ts';
import { Wake } from './wake.ts';

/** One rollout on its way, in one controller. */
export interface Drive {
  readonly app: string;
  readonly rollout: string;
  readonly world: World;
  readonly fence: number;
  /** Records events and returns them with their times. */
  readonly record: (events: readonly RolloutEvent[]) => readonly TimedEvent[];
  readonly journal: () => readonly TimedEvent[];
  /** Another controller began this rollout. */
  readonly isTakenUp: boolean;
  readonly crash: Crash;
  /** Ends the drive without ending the rollout: the controller stops, or has lost its lease. */
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** Between two attempts to see hosts and balancer that do not answer. */
const UNREACHABLE_RETRY_MS = 500;
/** Of the stall timeout: a hook that hangs is ended, and is the reason that is told, before the rollout counts as stalled. */
const HOOK_PART_OF_STALL = 0.9;

/**
 * Runs a rollout to its end: take in what has happened, observe, decide, record the decision, then do it. After a crash the
 * same loop simply begins again from the journal; nothing but the journal and the observation is remembered.
 */
export class Driver {
  readonly #drive: Drive;
  readonly #wake = new Wake();
  readonly #state: RolloutState;
  /** Recorded, but not yet taken into the state: that is done right before an observation, never after one. */
  #unfolded: TimedEvent[] = [];
  readonly #performing = new Set<Promise<void>>();
  /** Ends the hook under way: it takes too long, or nothing waits for it any more. */
  readonly #endHook = new AbortController();
  /** The journal refused a record: someone else steers this app now. */
  #failure: Error | undefined;

  constructor(drive: Drive) {
    this.#drive = drive;
    const state = replay(drive.journal());
    if (!state) throw new Error(`rollout ${drive.rollout} has no plan in its journal`);
    this.#state = state;
  }

  /** An operator's event; it is in the journal when this returns. */
  command(event: RolloutEvent): void {
    this.#record([event]);
    this.#wake.ring();
  }

  async run(): Promise<void> {
    const ended = new AbortController();
    const signal = AbortSignal.any([this.#drive.signal, ended.signal]);
    const watching = this.#watch(signal);
    try {
      if (this.#drive.isTakenUp) this.#record([{ type: 'taken-up', holder: `${process.pid}` }]);
      while (!this.#state.finished && !signal.aborted) await this.#round();
    } finally {
      ended.abort();
      await Promise.allSettled([...this.#performing, watching]);
    }
  }

  async #round(): Promise<void> {
    const { now } = this.#drive;
    this.#fold();
    const observed = await this.#observe();
    if (this.#failure) throw this.#failure;
    if (!observed) {
      this.#fold();
      if (isStalled(this.#state, now())) this.#fold(this.#drive.record([this.#blind()]));
      else await this.#wake.wait(UNREACHABLE_RETRY_MS);
      return;
    }
    const fleet = new Fleet(goalOf(this.#state), observed.slots, observed.declared);
    const decision = decide(this.#state, fleet, now());
    const events = await Promise.all(decision.events.map((event) => this.#withEvidence(event)));
    this.#fold(this.#drive.record(events));
    for (const intent of decision.actions) this.#begin(intent);
    if (events.length === 0 && !this.#drive.signal.aborted)
      await this.#wake.wait(Math.max(1, decision.lookAgainAt - now()));
  }

  #begin(intent: Intent): void {
    const performing = this.#perform(intent)
      .catch((error: Error) => {
        this.#failure = error;
      })
      .finally(() => {
        this.#performing.delete(performing);
        this.#wake.ring();
      });
    this.#performing.add(performing);
  }

  async #perform({ id, action }: Intent): Promise<void> {
    const { world, app, fence, crash, signal } = this.#drive;
    crash('before', action.kind);
    const limit = action.kind === 'hook' ? this.#limitHook() : undefined;
    try {
      const ended = AbortSignal.any([signal, this.#endHook.signal]);
      await perform(world, app, action, fence, (event) => this.#record([event]), ended);
      crash('after', action.kind);
      if (!signal.aborted) this.#record([{ type: 'action-done', id }]);
    } catch (error) {
      if (!signal.aborted) this.#record([{ type: 'action-failed', id, reason: reasonOf(error) }]);
    } finally {
      clearTimeout(limit);
    }
  }

  #limitHook(): NodeJS.Timeout {
    const limitMs = this.#state.plan.policy.stallTimeoutMs * HOOK_PART_OF_STALL;
    const reason = new Error(
      `was ended: it took longer than ${limitMs / 1000} s, nine tenths of stall_timeout`,
    );
    return setTimeout(() => this.#endHook.abort(reason), Math.min(limitMs, 2 ** 31 - 1));
  }

  #record(events: readonly RolloutEvent[]): void {
    this.#unfolded.push(...this.#drive.record(events));
  }

  /** Takes in what was recorded since the last round, then `decided`, which belongs to this one. */
  #fold(decided?: readonly TimedEvent[]): void {
    const events = decided ?? this.#unfolded;
    if (!decided) this.#unfolded = [];
    for (const { event, at } of events) {
      advance(this.#state, event, at);
      if (event.type === 'taking-back' || event.type === 'finished')
        this.#endHook.abort(new Error('was ended: the rollout does not go on'));
    }
  }

  async #observe(): Promise<AppObservation | undefined> {
    const { world, app } = this.#drive;
    try {
      return await observeApp(world.hosts, world.balancer, app);
    } catch (error) {
      const reason = `cannot see what runs: ${reasonOf(error)}`;
      if (this.#state.waitingFor !== reason) this.#record([{ type: 'waiting', reason }]);
      return undefined;
    }
  }

  #blind(): RolloutEvent {
    return { type: 'finished', outcome: 'failed', reason: stalledBecause(this.#state) };
  }

  async #withEvidence(event: RolloutEvent): Promise<RolloutEvent> {
    if (event.type !== 'taking-back' || event.slot === undefined) return event;
    const address = parseSlotId(event.slot)!;
    return { ...event, evidence: await lastLogLines(this.#drive.world.hosts, address) };
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { world, app } = this.#drive;
    const ring = async (changes: AsyncIterable<unknown>): Promise<void> => {
      for await (const _ of changes) this.#wake.ring();
    };
    // A watch that breaks only makes rounds rarer: each round observes for itself.
    await Promise.allSettled([ring(world.hosts.watch(app, signal)), ring(world.balancer.watch(signal))]);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
