import type { Intent } from '../rollout/actions.ts';
import { advance, replay } from '../rollout/advance.ts';
import { decide } from '../rollout/decide.ts';
import type { RolloutEvent, TimedEvent } from '../rollout/events.ts';
import { Fleet } from '../rollout/fleet.ts';
import type { VerdictSeen } from '../rollout/observation.ts';
import { isOutdated } from '../rollout/outdated.ts';
import type { CanaryStep } from '../rollout/plan.ts';
import { parseSlotId } from '../rollout/slot.ts';
import { goalOf, isCanary, type RolloutState } from '../rollout/state.ts';
import { retryDelayMs } from '../rollout/under-way.ts';
import { decideUnseen, unseenBecause } from '../rollout/unseen.ts';
import { CanaryJudge } from './canary-judge.ts';
import type { Crash } from './crash-point.ts';
import { lastLogLines } from './evidence.ts';
import { keepShare } from './keep-share.ts';
import { type AppObservation, observeApp } from './observe.ts';
import { perform, type World } from './perform.ts';
import { reasonOf } from './reasons.ts';
import { raisesShare, ShareLatch } from './share-latch.ts';
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
  /** Told of errors that should not be; the drive goes on all the same. */
  readonly onError: (error: unknown) => void;
  /** Ends the drive without ending the rollout: the controller stops, or has lost its lease. */
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** `step` is an index of `steps`, -1 before the first has its share; `since` when, Unix ms. */
export interface CanaryProgress {
  readonly step: number;
  readonly since: number;
  readonly steps: readonly CanaryStep[];
  readonly verdict?: VerdictSeen;
}

/** Between two attempts to see hosts and balancer that do not answer. */
const UNREACHABLE_RETRY_MS = 500;
/** For an abort to reach the journal, once it has reached the balancer. */
const SETTLE_MS = 100;
/** Of the stall timeout: a hook that hangs is ended, and is the reason that is told, before the rollout counts as stalled. */
const HOOK_PART_OF_STALL = 0.9;

/**
 * Runs a rollout to its end: take in what has happened, observe, decide, record the decision, then do it. After a crash the
 * same loop simply begins again from the journal; nothing but the journal and the observation is remembered.
 */
export class Driver {
  readonly #drive: Drive;
  readonly #wake = new Wake();
  /** Rung by operators only: what else happens does not shorten the pause after an error. */
  readonly #operatorSpoke = new Wake();
  /** Closed by whoever takes the canary back. */
  readonly latch = new ShareLatch();
  readonly #judge: CanaryJudge | undefined;
  #state: RolloutState;
  /** Recorded, but not yet taken into the state: never between an observation and the decision from it. */
  #unfolded: TimedEvent[] = [];
  readonly #performing = new Set<Promise<void>>();
  /** Ends the hook under way: it takes too long, or nothing waits for it any more. */
  readonly #endHook = new AbortController();
  /** The journal did not take the record of an action's end. */
  #failure: Error | undefined;
  #stumbledOver: { readonly error: unknown; readonly times: number } | undefined;

  constructor(drive: Drive) {
    this.#drive = drive;
    this.#state = this.#replay();
    const { policy } = this.#state.plan;
    if (policy.strategy === 'canary') this.#judge = new CanaryJudge(policy.judge, drive.journal());
  }

  /** How far a canary is, for people; undefined when nothing is tried on a part of the users. */
  get canary(): CanaryProgress | undefined {
    const { policy } = this.#state.plan;
    if (policy.strategy !== 'canary' || !isCanary(this.#state)) return undefined;
    const { step, since } = this.#state.canary!;
    const verdict = this.#verdict;
    return { step, since, steps: policy.steps, ...(verdict && { verdict }) };
  }

  /** Where on the ring of users its share begins. */
  get offset(): number {
    const { policy } = this.#state.plan;
    return policy.strategy === 'canary' ? policy.offset : 0;
  }

  /** An operator's word, which is in the journal already. */
  hear(entries: readonly TimedEvent[]): void {
    this.#unfolded.push(...entries);
    this.#wake.ring();
    this.#operatorSpoke.ring();
  }

  async run(): Promise<void> {
    const ended = new AbortController();
    const signal = AbortSignal.any([this.#drive.signal, ended.signal]);
    signal.addEventListener('abort', () => this.#operatorSpoke.ring());
    const watching = [this.#watch(signal), this.#keepShare(signal)];
    try {
      if (this.#drive.isTakenUp) this.#record([{ type: 'taken-up', holder: `${process.pid}` }]);
      while (!this.#state.finished && !signal.aborted) await this.#tryRound(signal);
    } finally {
      ended.abort();
      await Promise.allSettled([...this.#performing, ...watching]);
    }
  }

  async #keepShare(signal: AbortSignal): Promise<void> {
    const { world, app, rollout, fence } = this.#drive;
    if (this.#judge) await keepShare(world.balancer, { app, canary: rollout, fence }, signal);
  }

  /**
   * An error here is a mistake of ours, or the store's: neither may leave a rollout half moved. What was begun is let end,
   * then all is decided anew from the journal, after a pause that grows. Those whose lease is lost just stop.
   */
  async #tryRound(signal: AbortSignal): Promise<void> {
    try {
      if (this.#stumbledOver) this.#getUp(this.#stumbledOver.error);
      await this.#round();
      this.#stumbledOver = undefined;
    } catch (error) {
      if (signal.aborted) return;
      const times = (this.#stumbledOver?.times ?? 0) + 1;
      this.#stumbledOver = { error, times };
      this.#drive.onError(error);
      await Promise.allSettled([...this.#performing]);
      this.#failure = undefined;
      await this.#operatorSpoke.wait(retryDelayMs(times));
    }
  }

  #getUp(error: unknown): void {
    const { now } = this.#drive;
    this.#state = this.#replay();
    this.#unfolded = [];
    const reason = reasonOf(error);
    if (this.#state.underWay.size > 0 || this.#state.waitingFor !== reason)
      this.#recordAndFold([{ type: 'stumbled', reason }]);
    const verdict = decideUnseen(this.#state, now());
    if (verdict) this.#recordAndFold([verdict]);
  }

  #replay(): RolloutState {
    const now = this.#drive.now();
    // What lies ahead of now was written by a clock that was wrong; deadlines must not wait for it.
    const journal = this.#drive.journal().map(({ event, at }) => ({ event, at: Math.min(at, now) }));
    const state = replay(journal);
    if (!state) throw new Error(`rollout ${this.#drive.rollout} has no plan in its journal`);
    return state;
  }

  async #round(): Promise<void> {
    const { now } = this.#drive;
    if (this.latch.isSettling) {
      await this.#wake.wait(SETTLE_MS);
      return;
    }
    this.#fold();
    const observed = await this.#observe();
    if (this.#failure) throw this.#failure;
    if (!observed) {
      this.#fold();
      const verdict = decideUnseen(this.#state, now());
      if (verdict) this.#recordAndFold([verdict]);
      else await this.#wake.wait(UNREACHABLE_RETRY_MS);
      return;
    }
    const verdict = this.#verdict;
    const split = { share: observed.share, ...(verdict && { verdict }) };
    const fleet = new Fleet(goalOf(this.#state), observed.slots, observed.declared, split);
    const decision = decide(this.#state, fleet, now());
    if (isOutdated(decision, this.#unfolded) || this.latch.isSettling) return;
    const events = await Promise.all(decision.events.map((event) => this.#withEvidence(event)));
    this.#recordAndFold(events);
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

  async #perform(intent: Intent): Promise<void> {
    const ended = await this.#carryOut(intent);
    if (!this.#drive.signal.aborted) this.#record([ended]);
  }

  async #carryOut({ id, action }: Intent): Promise<RolloutEvent> {
    const { world, app, rollout, fence, crash, signal } = this.#drive;
    crash('before', action.kind);
    const limit = action.kind === 'hook' ? this.#limitHook() : undefined;
    try {
      const ended = AbortSignal.any([signal, this.#endHook.signal]);
      const tell = (event: RolloutEvent): void => void this.#record([event]);
      const act = () => perform({ world, app, rollout, fence, tell, signal: ended }, action);
      await (raisesShare(action) ? this.latch.raise(act) : act());
      crash('after', action.kind);
      return { type: 'action-done', id };
    } catch (error) {
      return { type: 'action-failed', id, reason: reasonOf(error) };
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

  #recordAndFold(decided: readonly RolloutEvent[]): void {
    this.#record(decided);
    this.#fold();
  }

  /** Takes in what was recorded since the last time, in the journal's order: so a replay tells the same state. */
  #fold(): void {
    const events = this.#unfolded;
    this.#unfolded = [];
    for (const { event, at } of events) {
      advance(this.#state, event, at);
      if (event.type === 'taking-back' || event.type === 'finished')
        this.#endHook.abort(new Error('was ended: the rollout does not go on'));
    }
  }

  async #observe(): Promise<AppObservation | undefined> {
    const { world, app } = this.#drive;
    try {
      const [observed] = await Promise.all([observeApp(world.hosts, world.balancer, app), this.#look()]);
      return observed;
    } catch (error) {
      const reason = unseenBecause(this.#state, reasonOf(error), this.#drive.now());
      if (this.#state.waitingFor !== reason) this.#record([{ type: 'waiting', reason }]);
      return undefined;
    }
  }

  /** The canary's evidence grows each second. Counters that cannot be had keep nothing else from being seen. */
  async #look(): Promise<void> {
    const { world, app, now } = this.#drive;
    const step = this.#judgedStep;
    if (step === undefined || !this.#judge?.isDue(step, now())) return;
    const counters = await world.balancer.counters().catch(() => []);
    const own = counters.find((one) => one.app === app);
    if (own) this.#record(this.#judge.look(own, step, now()));
  }

  get #verdict(): VerdictSeen | undefined {
    const step = this.#judgedStep;
    return step === undefined ? undefined : this.#judge?.verdict(step);
  }

  /** What the judge knows the present step by; undefined while none has its share. */
  get #judgedStep(): string | undefined {
    const { canary } = this.#state;
    return canary && canary.step >= 0 && isCanary(this.#state)
      ? `${canary.step} since ${canary.since}`
      : undefined;
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
