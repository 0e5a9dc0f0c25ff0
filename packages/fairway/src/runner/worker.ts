import { BuildFailed } from '../build/build-failed.ts';
import type { Outcome, RolloutEvent } from '../rollout/events.ts';
import type { Plan } from '../rollout/plan.ts';
import { replay } from '../rollout/state.ts';
import { because } from '../rollout/verdict.ts';
import type { RolloutRecord } from '../store/store.ts';
import { conclude } from './conclude.ts';
import type { Crash } from './crash-point.ts';
import { Driver } from './drive.ts';
import type { Journal } from './journal.ts';
import { HeldLease, LeaseLost } from './lease.ts';
import type { World } from './perform.ts';
import { supersedes } from './queue.ts';
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

type Finished = Extract<RolloutEvent, { type: 'finished' }>;

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
    if (this.#lease) this.#announceAll();
    this.#running ??= this.#work()
      .catch(async (error: unknown) => {
        this.#context.onError(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      })
      .finally(() => {
        this.#running = undefined;
        if (this.#open().length > 0) this.poke();
      });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  /** An operator's word to the rollout under way; false when it is not under way here. */
  command(rollout: string, event: RolloutEvent): boolean {
    const current = this.#current;
    if (current?.record.id !== rollout) return this.#abortQueued(rollout, event);
    if (current.driver) {
      current.driver.command(event);
      return true;
    }
    if (event.type !== 'abort-requested') return false;
    this.#append(current.record, [event]);
    current.building.abort(new Error(abortedBy(event)));
    return true;
  }

  /** What waits needs nothing to be taken back; without the lease it cannot be said yet. */
  #abortQueued(rollout: string, event: RolloutEvent): boolean {
    const record = this.#open().find(({ id, status }) => id === rollout && status === 'queued');
    if (event.type !== 'abort-requested' || !record || !this.#lease) return false;
    this.#append(record, [event]);
    this.#finish(record, undefined, 'taken-back', abortedBy(event));
    return true;
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
      if (this.#context.journal.of(record.id).length === 0) this.#announce(record);
      const newer = open.find((other) => supersedes(other, record));
      if (newer)
        this.#finish(record, undefined, 'superseded', `by ${newer.id}, which is newer; nothing was touched`);
    }
  }

  #announce(record: RolloutRecord): void {
    const { kind, by, why, commit, release } = record;
    const requested: RolloutEvent = {
      type: 'requested',
      kind,
      by,
      why,
      ...(commit !== undefined && { commit }),
      ...(release !== undefined && { release }),
    };
    const ahead = this.#current?.record.id;
    this.#append(record, ahead === undefined ? [requested] : [requested, { type: 'queued', behind: ahead }]);
  }

  async #carryOut(record: RolloutRecord): Promise<void> {
    const building = new AbortController();
    this.#current = { record, building };
    try {
      const journal = this.#context.journal.of(record.id);
      const known = replay(journal);
      const end = journal.find(({ event }) => event.type === 'finished')?.event;
      if (end?.type === 'finished') return await this.#conclude(record, known?.plan, end);
      // Said while it was being built, to a controller that died before it could end it.
      const abort = journal.find(({ event }) => event.type === 'abort-requested')?.event;
      if (!known && abort?.type === 'abort-requested')
        return this.#finish(record, undefined, 'taken-back', abortedBy(abort));
      const plan = known?.plan ?? (await this.#prepare(record, building.signal));
      if (plan) await this.#drive(record, plan, known !== undefined);
    } catch (error) {
      if (this.#closing.signal.aborted || this.#lease?.lost.aborted) return;
      this.#context.onError(error);
      this.#finish(record, undefined, 'failed', reasonOf(error));
    } finally {
      this.#current = undefined;
    }
  }

  /** From request to plan; undefined when it ended there. */
  async #prepare(record: RolloutRecord, abort: AbortSignal): Promise<Plan | undefined> {
    const { prepare, world } = this.#context;
    const tell = (event: RolloutEvent): void => this.#append(record, [event]);
    world.store.setStatus(record.id, 'building');
    try {
      const signal = AbortSignal.any([abort, this.#closing.signal]);
      const { plan } = await prepare(record, tell, signal);
      abort.throwIfAborted();
      this.#append(record, [{ type: 'started', plan, summary: summarize(plan) }]);
      return plan;
    } catch (error) {
      if (this.#closing.signal.aborted) return undefined;
      if (abort.aborted) this.#finish(record, undefined, 'taken-back', reasonOf(abort.reason));
      else {
        if (error instanceof BuildFailed) tell(failedBuild(error));
        this.#finish(record, undefined, 'failed', `${reasonOf(error)}; nothing was touched`);
      }
      return undefined;
    }
  }

  async #drive(record: RolloutRecord, plan: Plan, isTakenUp: boolean): Promise<void> {
    const { world, journal, crash, now } = this.#context;
    const lease = this.#lease!;
    world.store.setStatus(record.id, 'moving');
    const driver = new Driver({
      app: this.app,
      rollout: record.id,
      world,
      fence: lease.fence,
      record: (events) => this.#record(record, plan, events),
      journal: () => journal.of(record.id),
      isTakenUp,
      crash,
      signal: AbortSignal.any([this.#closing.signal, lease.lost]),
      now,
    });
    this.#current = { ...this.#current!, driver };
    await driver.run();
    if (!this.#closing.signal.aborted && !lease.lost.aborted) await this.#tidy(lease.fence);
  }

  /** A controller died between a rollout's last event and what follows from it. */
  async #conclude(record: RolloutRecord, plan: Plan | undefined, end: Finished): Promise<void> {
    const { world, now } = this.#context;
    conclude(world.store, record, plan, end.outcome, end.reason, now());
    await this.#tidy(this.#lease!.fence);
  }

  /** What could not be removed now is removed after the next rollout; how this one ended stands. */
  async #tidy(fence: number): Promise<void> {
    try {
      await this.#context.tidy(this.app, fence);
    } catch (error) {
      this.#context.onError(error);
    }
  }

  #record(record: RolloutRecord, plan: Plan, events: readonly RolloutEvent[]) {
    const { journal, world, now } = this.#context;
    const finished = events.find((event) => event.type === 'finished');
    return journal.append(this.app, record.id, events, this.#lease!.fence, () => {
      if (finished) conclude(world.store, record, plan, finished.outcome, finished.reason, now());
    });
  }

  #append(record: RolloutRecord, events: readonly RolloutEvent[]): void {
    this.#context.journal.append(this.app, record.id, events, this.#lease!.fence);
  }

  #finish(record: RolloutRecord, plan: Plan | undefined, outcome: Outcome, reason: string): void {
    const { journal, world, now } = this.#context;
    journal.append(this.app, record.id, [{ type: 'finished', outcome, reason }], this.#lease!.fence, () =>
      conclude(world.store, record, plan, outcome, reason, now()),
    );
  }
}

/** The journal keeps the output that shows it and what to do apart from the reason, which is one sentence. */
function failedBuild({ reason, hint, lastLines }: BuildFailed): RolloutEvent {
  return { type: 'build-failed', reason: hint ? `${reason} ${hint}` : reason, tail: lastLines };
}

function abortedBy({ by, why }: Extract<RolloutEvent, { type: 'abort-requested' }>): string {
  return `aborted by ${by}${because(why)}; nothing was touched`;
}

/** One line, as an outcome is. */
function reasonOf(error: unknown): string {
  if (error instanceof BuildFailed) return `build failed: ${error.reason.replace(/\.$/, '')}`;
  return error instanceof Error ? error.message.split('\n').join('; ') : String(error);
}
