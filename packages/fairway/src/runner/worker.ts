import { setTimeout as pause } from 'node:timers/promises';
import { BuildFailed } from '../build/build-failed.ts';
import { replay } from '../rollout/advance.ts';
import type { Outcome, RolloutEvent } from '../rollout/events.ts';
import type { Plan } from '../rollout/plan.ts';
import type { RolloutRecord } from '../store/store.ts';
import { append } from './conclude.ts';
import type { Crash } from './crash-point.ts';
import { type CanaryProgress, Driver } from './drive.ts';
import type { Journal } from './journal.ts';
import { HeldLease, LeaseLost } from './lease.ts';
import type { World } from './perform.ts';
import { announcement, supersedes } from './queue.ts';
import { abortedUntouched, failedBuild, reasonOf } from './reasons.ts';
import { takeUsersBack } from './share-latch.ts';
import { summarize } from './summary.ts';

/** What a worker needs besides the world; see `prepare.ts` for how a request becomes a plan. */
export interface WorkerContext {
  readonly world: World;
  readonly journal: Journal;
  readonly holder: string;
  readonly crash: Crash;
  readonly now: () => number;
  /** Builds what is to be built and says what is to be done. Throws when it cannot be. */
  readonly prepare: (
    record: RolloutRecord,
    tell: (event: RolloutEvent) => void,
    signal: AbortSignal,
  ) => Promise<{ plan: Plan }>;
  /** After a rollout has ended well: what is no longer needed may go. */
  readonly tidy: (app: string, fence: number) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** After an error that should not be, so that it is not met a thousand times a second. */
const RETRY_MS = 1_000;

/** Carries out one app's rollouts, one at a time, under the app's lease. */
export class AppWorker {
  readonly app: string;
  readonly #context: WorkerContext;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #lease: HeldLease | undefined;
  #current: { record: RolloutRecord; driver?: Driver; building: AbortController } | undefined;

  constructor(app: string, context: WorkerContext) {
    this.app = app;
    this.#context = context;
  }

  /** Looks for work; harmless when there is none or some is being done. */
  poke(): void {
    if (this.#closing.signal.aborted) return;
    if (this.#lease) this.#tryTo(() => this.#announceAll());
    this.#running ??= this.#workOff();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  /**
   * An operator's word. It is kept in the journal whether or not this controller steers the app now, and obeyed by the one
   * that does next: an abort of anything unfinished, the other words for what moves. False when there is nothing to say it to.
   */
  command(rollout: string, event: RolloutEvent): boolean {
    const record = this.#context.world.store.rollout(rollout);
    const isAbort = event.type === 'abort-requested';
    if (!record || record.finishedAt !== undefined) return false;
    if (!isAbort && record.status !== 'moving') return false;
    const entries = append(this.#parts, record, undefined, [event], undefined);
    const current = this.#current?.record.id === rollout ? this.#current : undefined;
    current?.driver?.hear(entries);
    if (!isAbort) return true;
    if (current) current.building.abort(new Error(abortedUntouched(event)));
    // What waits needs nothing to be taken back; without the lease that is said as soon as it is there.
    else if (record.status === 'queued' && this.#lease)
      this.#tryTo(() => this.#finish(record, 'taken-back', abortedUntouched(event)));
    return true;
  }

  /** How far the canary is that moves now. */
  get canary(): CanaryProgress | undefined {
    return this.#current?.driver?.canary;
  }

  /**
   * Takes the app's users from its canary, before anything else, then does what makes that known (`record`): nothing is
   * decided in between. Whoever steers the app is not asked: the newest lease there was is enough to take a share to 0.
   */
  async takeBack<Result>(record: (unreached: readonly string[]) => Result): Promise<Result> {
    const { balancer, store } = this.#context.world;
    const driver = this.#current?.driver;
    driver?.latch.close();
    try {
      const fence = this.#lease?.fence ?? store.fenceOf(this.app);
      return record(await takeUsersBack(balancer, this.app, driver?.offset ?? 0, fence, driver?.latch));
    } finally {
      driver?.latch.settle();
    }
  }

  async #workOff(): Promise<void> {
    do {
      try {
        await this.#work();
      } catch (error) {
        this.#context.onError(error);
        await pause(RETRY_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    } while (this.#hasMore());
    // In the same turn as the last look, so that whoever asks for something later begins anew.
    this.#running = undefined;
  }

  #hasMore(): boolean {
    try {
      return this.#open().length > 0;
    } catch {
      // What fails here fails in the work as well, and is told there.
      return true;
    }
  }

  async #work(): Promise<void> {
    const { world, holder } = this.#context;
    try {
      this.#lease = await HeldLease.acquire(world.store, this.app, holder, this.#closing.signal);
      this.#announceAll();
      // Who has lost the lease waits for it like anyone else, instead of trying the same rollout again and again.
      const { lost } = this.#lease;
      for (let [record] = this.#open(); record && !lost.aborted; [record] = this.#open())
        await this.#carryOut(record);
    } catch (error) {
      if (!this.#closing.signal.aborted && !(error instanceof LeaseLost)) throw error;
    } finally {
      this.#lease?.release();
      this.#lease = undefined;
    }
  }

  /** Unfinished rollouts in the order in which they are to be carried out: one that has begun comes first. */
  #open(): readonly RolloutRecord[] {
    if (this.#closing.signal.aborted) return [];
    const open = this.#context.world.store.rollouts({ app: this.app, unfinished: true });
    return [...open].reverse().sort((a, b) => Number(a.status === 'queued') - Number(b.status === 'queued'));
  }

  /** Journals what was asked, and ends what something newer has made needless. */
  #announceAll(): void {
    const open = this.#open();
    for (const record of open) {
      if (!this.#context.journal.of(record.id).some(({ event }) => event.type === 'requested'))
        this.#append(record, announcement(record, this.#current?.record.id));
      const newer = open.find((other) => supersedes(other, record));
      if (newer) this.#finish(record, 'superseded', `by ${newer.id}, which is newer; nothing was touched`);
    }
  }

  async #carryOut(record: RolloutRecord): Promise<void> {
    const building = new AbortController();
    this.#current = { record, building };
    try {
      const journal = this.#context.journal.of(record.id);
      const known = replay(journal);
      // Said before it had begun, while it could not be ended.
      const abort = journal.find(({ event }) => event.type === 'abort-requested')?.event;
      if (!known && abort?.type === 'abort-requested')
        return this.#finish(record, 'taken-back', abortedUntouched(abort));
      const plan = known?.plan ?? (await this.#prepare(record, building.signal));
      if (plan) await this.#drive(record, plan, known !== undefined);
    } finally {
      this.#current = undefined;
    }
  }

  /** From request to plan; undefined when it ended there. */
  async #prepare(record: RolloutRecord, abort: AbortSignal): Promise<Plan | undefined> {
    const { prepare, world } = this.#context;
    const { lost } = this.#lease!;
    const untold = new AbortController();
    // A build's output comes outside of any promise: an error thrown into it would end this process.
    const tell = (event: RolloutEvent): void => {
      try {
        this.#append(record, [event]);
      } catch (error) {
        untold.abort(error);
      }
    };
    world.store.setStatus(record.id, 'building');
    try {
      const signal = AbortSignal.any([abort, this.#closing.signal, lost, untold.signal]);
      const { plan } = await prepare(record, tell, signal);
      abort.throwIfAborted();
      untold.signal.throwIfAborted();
      this.#append(record, [{ type: 'started', plan, summary: summarize(plan) }]);
      return plan;
    } catch (error) {
      if (this.#closing.signal.aborted || lost.aborted) return undefined;
      const cause: unknown = untold.signal.aborted ? untold.signal.reason : error;
      if (abort.aborted) this.#finish(record, 'taken-back', reasonOf(abort.reason));
      else {
        if (cause instanceof BuildFailed) this.#append(record, [failedBuild(cause)]);
        this.#finish(record, 'failed', `${reasonOf(cause)}; nothing was touched`);
      }
      return undefined;
    }
  }

  async #drive(record: RolloutRecord, plan: Plan, isTakenUp: boolean): Promise<void> {
    const { world, journal, crash, now, onError } = this.#context;
    const { fence, lost } = this.#lease!;
    world.store.setStatus(record.id, 'moving');
    const driver = new Driver({
      app: this.app,
      rollout: record.id,
      world,
      fence,
      record: (events) => append(this.#parts, record, plan, events, fence),
      journal: () => journal.of(record.id),
      isTakenUp,
      crash,
      onError,
      signal: AbortSignal.any([this.#closing.signal, lost]),
      now,
    });
    this.#current = { ...this.#current!, driver };
    await driver.run();
    if (!this.#closing.signal.aborted && !lost.aborted) await this.#tidy(fence);
  }

  /** What could not be removed now is removed after the next rollout; how this one ended stands. */
  async #tidy(fence: number): Promise<void> {
    try {
      await this.#context.tidy(this.app, fence);
    } catch (error) {
      this.#context.onError(error);
    }
  }

  get #parts() {
    const { world, journal, now } = this.#context;
    return { store: world.store, journal, now };
  }

  #append(record: RolloutRecord, events: readonly RolloutEvent[]): void {
    append(this.#parts, record, undefined, events, this.#lease!.fence);
  }

  /** Ends what has not begun. */
  #finish(record: RolloutRecord, outcome: Outcome, reason: string): void {
    this.#append(record, [{ type: 'finished', outcome, reason }]);
  }

  /** For what is done again in any case by the work itself. */
  #tryTo(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#context.onError(error);
    }
  }
}
