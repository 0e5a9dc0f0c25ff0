import type { BuildRequest } from '../build/builder.ts';
import type { Release } from '../build/release.ts';
import type { Production } from '../config/production.ts';
import type { RolloutEvent, TimedEvent } from '../rollout/events.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { RolloutKind, RolloutRecord } from '../store/store.ts';
import type { Commits } from './commits.ts';
import { Refusal, type Request, type Taken } from './controller.ts';
import type { CanaryProgress } from './drive.ts';
import { prepare } from './prepare.ts';
import { tidyReleases } from './tidy.ts';
import { AppWorker, type WorkerContext } from './worker.ts';

export interface WorkersParts extends Omit<WorkerContext, 'prepare' | 'tidy'> {
  readonly secrets: Secrets;
  readonly commits: Commits;
  readonly readProduction: () => Promise<Production>;
  readonly build: (request: Omit<BuildRequest, 'directories'>) => Promise<Release>;
}

/** One worker per app, made when it is first needed: to them goes what is asked for, and what operators say. */
export class Workers {
  readonly #parts: WorkersParts;
  readonly #workers = new Map<string, AppWorker>();

  constructor(parts: WorkersParts) {
    this.#parts = parts;
  }

  /** Takes up whatever a former controller left unfinished. */
  recover(): void {
    for (const { app } of this.#parts.world.store.rollouts({ unfinished: true })) this.#of(app).poke();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.close()));
  }

  /** Every request becomes a rollout's row; the app's worker does the rest. */
  request(
    kind: RolloutKind,
    app: string,
    { by, why }: Request,
    target: { commit?: string; release?: string },
  ): RolloutRecord {
    const { world, now } = this.#parts;
    const record = world.store.createRollout({ app, kind, by, why, requestedAt: now(), ...target });
    this.#of(app).poke();
    return record;
  }

  /** An operator's word to a rollout. Throws a Refusal when there is no such rollout, or nothing to say it to. */
  command(id: string, event: RolloutEvent): RolloutRecord {
    const { store } = this.#parts.world;
    const record = this.#known(id);
    if (!this.#of(record.app).command(id, event))
      throw new Refusal(
        409,
        'rollout-not-moving',
        `${id} is ${record.status}: it cannot be ${commandWord(event)} now`,
        'Try again when it moves: fairway status',
      );
    return store.rollout(id)!;
  }

  canary(app: string): CanaryProgress | undefined {
    return this.#workers.get(app)?.canary;
  }

  /** As {@link command}, with the users taken back first of what moves: what waits has none, and is no word about the others. */
  async abort(id: string, { by, why }: Request): Promise<RolloutRecord> {
    const record = this.#known(id);
    if (record.status !== 'moving') return this.command(id, { type: 'abort-requested', by, why });
    return this.#of(record.app).takeBack((unreached) =>
      this.command(id, { type: 'abort-requested', by, why, ...(unreached.length > 0 && { unreached }) }),
    );
  }

  /** An alert about an app: its canary's users are taken back, and so is whatever tries it. */
  async alert(app: string, { by, why }: Request): Promise<Taken> {
    return this.#of(app).takeBack((unreached) => {
      const { store } = this.#parts.world;
      const moving = store.rollouts({ app, unfinished: true }).filter(({ status }) => status === 'moving');
      const canaries = moving.filter(({ id }) => movesAsCanary(store.journal(id)));
      for (const { id } of canaries) {
        // The first one is the reason; those that come after it change nothing.
        if (store.journal(id).some(({ event }) => event.type === 'abort-requested')) continue;
        const also = unreached.length > 0 && { unreached };
        this.command(id, { type: 'abort-requested', by, why, alert: true, ...also });
      }
      return { rollouts: canaries.map(({ id }) => id), unreached };
    });
  }

  /** Ends a canary's present step, or all of them. */
  promote(id: string, { by, why }: Request, all: boolean): RolloutRecord {
    const record = this.#known(id);
    if (record.status === 'moving' && !movesAsCanary(this.#parts.world.store.journal(id)))
      throw new Refusal(
        409,
        'not-a-canary',
        `${id} is no canary: there is no step to promote`,
        'What moves: fairway status',
      );
    return this.command(id, { type: 'promote-requested', by, why, all });
  }

  #known(id: string): RolloutRecord {
    const record = this.#parts.world.store.rollout(id);
    if (!record)
      throw new Refusal(404, 'rollout-not-found', `there is no rollout ${id}`, 'List them: fairway rollouts');
    if (record.finishedAt !== undefined)
      throw new Refusal(409, 'rollout-finished', `${id} has ended already: ${record.status}`);
    return record;
  }

  #of(app: string): AppWorker {
    const known = this.#workers.get(app);
    if (known) return known;
    const { world, now, build, commits, secrets, readProduction } = this.#parts;
    const preparation = {
      store: world.store,
      keepSecrets: secrets.keep.bind(secrets),
      production: readProduction,
      build,
      repositoryOf: commits.pathOf,
      now,
    };
    const worker = new AppWorker(app, {
      ...this.#parts,
      prepare: (record, tell, signal) => prepare(preparation, record, tell, signal),
      tidy: (name, fence) => tidyReleases(world, name, fence),
    });
    this.#workers.set(app, worker);
    return worker;
  }
}

/** Not every rollout of an app with canaries is one: a first release is not, nor one where nothing old answers. */
function movesAsCanary(journal: readonly TimedEvent[]): boolean {
  return journal.some(({ event }) => event.type === 'canary-begun');
}

function commandWord(event: RolloutEvent): string {
  if (event.type === 'promote-requested') return 'promoted';
  return event.type === 'abort-requested' ? 'aborted' : event.type;
}
