import type { BuildRequest } from '../build/builder.ts';
import type { Release } from '../build/release.ts';
import { launchDigest } from '../config/pin.ts';
import type { App, Production } from '../config/production.ts';
import type { LogLine, LogQuery } from '../hosts/hosts.ts';
import type { RolloutEvent } from '../rollout/events.ts';
import { generationId } from '../rollout/slot.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { JournalEntry, RolloutKind, RolloutRecord } from '../store/store.ts';
import { adoptions } from './apply.ts';
import type { Controller, Overview, Preview, PushUpdate, Request } from './controller.ts';
import { Refusal } from './controller.ts';
import type { Crash } from './crash-point.ts';
import { standingOfRelease } from './good-releases.ts';
import type { Journal } from './journal.ts';
import { onceFor } from './launch.ts';
import { observeApp } from './observe.ts';
import { overviewOf } from './overview.ts';
import type { World } from './perform.ts';
import { configOf, releaseBefore } from './plan-rollout.ts';
import { prepare } from './prepare.ts';
import { previewApply, previewDeploy, previewRollback } from './previews.ts';
import { tidyReleases } from './tidy.ts';
import { AppWorker } from './worker.ts';

/** Where commits come from; the part of git that a controller needs. */
export interface Commits {
  /** Path of the app's bare repository, made on first use. */
  readonly repository: (app: App) => Promise<string>;
  readonly pathOf: (app: string) => string;
  /** Full id of a commit of the app's repository. Throws a Refusal that says what is wrong with `text`. */
  readonly resolve: (app: App, text: string) => Promise<string>;
  /** Brings a commit, or the newest one of the branch, from the app's `repository:`. */
  readonly fetch: (app: App, commit: string | undefined) => Promise<string>;
  /** Keeps a folder's files as a commit. */
  readonly snapshot: (app: App, directory: string, by: string) => Promise<string>;
  readonly check: (app: App, update: PushUpdate) => Promise<void>;
}

export interface ControllerParts {
  readonly world: World;
  readonly secrets: Secrets;
  readonly journal: Journal;
  readonly commits: Commits;
  readonly readProduction: () => Promise<Production>;
  readonly build: (request: Omit<BuildRequest, 'directories'>) => Promise<Release>;
  readonly restartBalancer: () => Promise<void>;
  readonly balancerUrl: () => Promise<string>;
  readonly holder: string;
  readonly crash: Crash;
  readonly onError: (error: unknown) => void;
  readonly now: () => number;
}

/** Asks answered: every request becomes a rollout's row, and the app's worker does the rest. */
export class FairwayController implements Controller {
  readonly #parts: ControllerParts;
  readonly #workers = new Map<string, AppWorker>();
  #name = '';

  constructor(parts: ControllerParts) {
    this.#parts = parts;
  }

  /** Takes up whatever a former controller left unfinished. */
  recover(): void {
    for (const { app } of this.#parts.world.store.rollouts({ unfinished: true })) this.#worker(app).poke();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.close()));
  }

  async production(): Promise<Production> {
    const production = await this.#parts.readProduction();
    this.#name = production.name;
    return production;
  }

  async repository(app: string): Promise<string> {
    return this.#parts.commits.repository(await this.#app(app));
  }

  async deploy(app: string, commit: string, request: Request): Promise<RolloutRecord> {
    const config = await this.#app(app);
    return this.#request('deploy', config.name, request, {
      commit: await this.#parts.commits.resolve(config, commit),
    });
  }

  async deployFromRepository(
    app: string,
    commit: string | undefined,
    request: Request,
  ): Promise<RolloutRecord> {
    const config = await this.#app(app);
    if (config.repository === undefined)
      throw new Refusal(
        422,
        'no-repository',
        `${app} has no \`repository:\` to deploy from`,
        `Push to it (fairway remote ${app}), name a folder with --path, or add \`repository:\` to fairway.yml.`,
      );
    return this.#request('deploy', app, request, { commit: await this.#parts.commits.fetch(config, commit) });
  }

  async deployDirectory(app: string, directory: string, request: Request): Promise<RolloutRecord> {
    const config = await this.#app(app);
    const commit = await this.#parts.commits.snapshot(config, directory, request.by);
    return this.#request('deploy', app, request, { commit });
  }

  async rollback(app: string, release: string | undefined, request: Request): Promise<RolloutRecord> {
    await this.#app(app);
    return this.#request('rollback', app, request, { release: this.#rollbackTarget(app, release) });
  }

  async apply(request: Request): Promise<readonly RolloutRecord[]> {
    const { apps } = await this.production();
    return adoptions(this.#parts.world.store, apps).map(({ kind, app, ...target }) =>
      this.#request(kind, app, request, target),
    );
  }

  async previewApply(): Promise<readonly Preview[]> {
    const { store } = this.#parts.world;
    return previewApply(store, (app) => this.#observe(app), await this.production(), store.apps());
  }

  async previewDeploy(app: string, commit: string | undefined): Promise<Preview> {
    const config = await this.#app(app);
    const wanted = await this.#parts.commits.resolve(config, commit ?? config.deploy.branch);
    return previewDeploy(this.#parts.world.store, (name) => this.#observe(name), config, wanted);
  }

  async previewRollback(app: string, release: string | undefined): Promise<Preview> {
    const config = await this.#app(app);
    const target = this.#rollbackTarget(app, release);
    return previewRollback(this.#parts.world.store, (name) => this.#observe(name), config, target);
  }

  async abort(rollout: string, { by, why }: Request): Promise<RolloutRecord> {
    return this.#command(rollout, { type: 'abort-requested', by, why });
  }

  async pause(rollout: string, { by, why }: Request): Promise<RolloutRecord> {
    return this.#command(rollout, { type: 'paused', by, why });
  }

  async resume(rollout: string, { by, why }: Request): Promise<RolloutRecord> {
    return this.#command(rollout, { type: 'resumed', by, why });
  }

  async restartBalancer(): Promise<void> {
    await this.#parts.restartBalancer();
  }

  rollouts(app: string | undefined, limit: number): readonly RolloutRecord[] {
    return this.#parts.world.store.rollouts({ ...(app !== undefined && { app }), limit });
  }

  rollout(id: string): RolloutRecord | undefined {
    return this.#parts.world.store.rollout(id);
  }

  releases(app: string): ReturnType<Controller['releases']> {
    const { store } = this.#parts.world;
    const standings = store.standings(app);
    return store
      .releases(app)
      .map((release) => ({ ...release, standing: standingOfRelease(release.id, standings) }));
  }

  events(after: number, rollout: string | undefined, signal: AbortSignal): AsyncIterable<JournalEntry> {
    return this.#parts.journal.follow(after, rollout, signal);
  }

  logs(app: string, query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine> {
    return this.#parts.world.hosts.logs(app, query, signal);
  }

  async run(app: string, command: readonly string[], signal: AbortSignal): ReturnType<Controller['run']> {
    const { store, hosts, secrets } = this.#parts.world;
    const [standing] = store.standings(app);
    const release = standing && store.release(app, standing.release);
    const config = standing && configOf(store, standing);
    if (!release || !config)
      throw new Refusal(
        409,
        'nothing-runs',
        `${app} has no release yet`,
        `Deploy it first: fairway deploy ${app}`,
      );
    const generation = generationId({ release: release.id, config: launchDigest(config) });
    const [first] = config.instances;
    const launch = onceFor(release, config, generation, command, await secrets.valuesOf(config));
    return hosts.run(first!.host, app, launch, signal);
  }

  async checkPush(app: string, update: PushUpdate): Promise<void> {
    await this.#parts.commits.check(await this.#app(app), update);
  }

  async overview(): Promise<Overview> {
    const { world, now, balancerUrl } = this.#parts;
    const { store, hosts, balancer } = world;
    const problems: string[] = [];
    const unreachable: string[] = [];
    const noted =
      <T>(list: string[]) =>
      (error: Error): T | undefined => {
        list.push(error.message);
        return undefined;
      };
    const production = await this.production().catch(noted<Production>(problems));
    const registry = await balancer
      .observe()
      .catch(noted<Awaited<ReturnType<typeof balancer.observe>>>(unreachable));
    const names = new Set([...(production?.apps.map((app) => app.name) ?? []), ...store.apps()]);
    const apps = [];
    for (const app of names) {
      const processes = (await hosts.observe(app).catch(noted<never[]>(unreachable))) ?? [];
      const config = production?.apps.find((candidate) => candidate.name === app);
      apps.push(overviewOf(store, app, config, registry, processes));
    }
    return {
      production: this.#name,
      at: now(),
      apps,
      configProblems: problems.flatMap((problem) => problem.split('\n')),
      balancerUrl: (await balancerUrl().catch(noted<string>(unreachable))) ?? '',
      unreachable: [...new Set([...unreachable, ...(hosts.unreachable?.().values() ?? [])])],
    };
  }

  #request(
    kind: RolloutKind,
    app: string,
    { by, why }: Request,
    target: { commit?: string; release?: string },
  ): RolloutRecord {
    const { world, now } = this.#parts;
    const record = world.store.createRollout({ app, kind, by, why, requestedAt: now(), ...target });
    this.#worker(app).poke();
    return record;
  }

  #command(id: string, event: RolloutEvent): RolloutRecord {
    const { store } = this.#parts.world;
    const record = store.rollout(id);
    if (!record)
      throw new Refusal(404, 'rollout-not-found', `there is no rollout ${id}`, 'List them: fairway rollouts');
    if (record.finishedAt !== undefined)
      throw new Refusal(409, 'rollout-finished', `${id} has ended already: ${record.status}`);
    if (!this.#worker(record.app).command(id, event))
      throw new Refusal(
        409,
        'rollout-not-moving',
        `${id} is ${record.status}: it cannot be ${commandWord(event)} now`,
        'Try again when it moves: fairway status',
      );
    return store.rollout(id)!;
  }

  #rollbackTarget(app: string, wanted: string | undefined): string {
    const { store } = this.#parts.world;
    if (wanted === undefined) {
      const before = releaseBefore(store, app);
      if (before && store.release(app, before.release)) return before.release;
      throw new Refusal(
        409,
        'no-earlier-release',
        `${app} has no earlier good release to go back to`,
        `See what there is: fairway releases ${app}`,
      );
    }
    const matching = store.releases(app).filter((release) => release.id.startsWith(wanted));
    const good = store.standings(app).map((standing) => standing.release);
    const [release] = matching;
    if (matching.length > 1)
      throw new Refusal(
        409,
        'release-ambiguous',
        `${matching.length} releases of ${app} begin with ${wanted}`,
      );
    if (!release || !good.includes(release.id))
      throw new Refusal(
        404,
        'release-not-found',
        `${app} has no good release ${wanted}`,
        `See what there is: fairway releases ${app}`,
      );
    return release.id;
  }

  async #app(name: string): Promise<App> {
    const production = await this.production();
    const app = production.apps.find((candidate) => candidate.name === name);
    if (app) return app;
    const known = production.apps.map((candidate) => candidate.name).join(', ');
    throw new Refusal(
      404,
      'app-not-found',
      `there is no app ${name} in ${production.file}`,
      `It has: ${known}`,
    );
  }

  #observe(app: string) {
    return observeApp(this.#parts.world.hosts, this.#parts.world.balancer, app);
  }

  #worker(app: string): AppWorker {
    const known = this.#workers.get(app);
    if (known) return known;
    const { world, journal, holder, crash, now, build, commits, onError, secrets } = this.#parts;
    const worker = new AppWorker(app, {
      world,
      journal,
      holder,
      crash,
      now,
      onError,
      prepare: (record, tell, signal) =>
        prepare(
          {
            store: world.store,
            keepSecrets: (production, config) => secrets.keep(production, config),
            production: () => this.production(),
            build,
            repositoryOf: commits.pathOf,
            now,
          },
          record,
          tell,
          signal,
        ),
      tidy: (name, fence) => tidyReleases(world.store, world.hosts, name, fence),
    });
    this.#workers.set(app, worker);
    return worker;
  }
}

function commandWord(event: RolloutEvent): string {
  return event.type === 'abort-requested' ? 'aborted' : event.type;
}
