import type { BuildRequest } from '../build/builder.ts';
import type { Release } from '../build/release.ts';
import type { Production } from '../config/production.ts';
import type { RolloutEvent } from '../rollout/events.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { RolloutKind, RolloutRecord } from '../store/store.ts';
import type { Commits } from './commits.ts';
import { Refusal, type Request } from './controller.ts';
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
    const record = store.rollout(id);
    if (!record)
      throw new Refusal(404, 'rollout-not-found', `there is no rollout ${id}`, 'List them: fairway rollouts');
    if (record.finishedAt !== undefined)
      throw new Refusal(409, 'rollout-finished', `${id} has ended already: ${record.status}`);
    if (!this.#of(record.app).command(id, event))
      throw new Refusal(
        409,
        'rollout-not-moving',
        `${id} is ${record.status}: it cannot be ${commandWord(event)} now`,
        'Try again when it moves: fairway status',
      );
    return store.rollout(id)!;
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

function commandWord(event: RolloutEvent): string {
  return event.type === 'abort-requested' ? 'aborted' : event.type;
}
