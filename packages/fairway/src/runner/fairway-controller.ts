import type { App, Production } from '../config/production.ts';
import type { LogLine, LogQuery } from '../hosts/hosts.ts';
import type { JournalEntry, RolloutRecord } from '../store/store.ts';
import { adoptions } from './apply.ts';
import type { Controller, Overview, Preview, PushUpdate, Request, Taken } from './controller.ts';
import { Refusal } from './controller.ts';
import { standingOfRelease } from './good-releases.ts';
import { observeApp } from './observe.ts';
import { overviewOfAll } from './overview.ts';
import { previewApply, previewDeploy, previewRollback } from './previews.ts';
import { rollbackTarget } from './rollback-target.ts';
import { runOnce } from './run-once.ts';
import { Workers, type WorkersParts } from './workers.ts';

export interface ControllerParts extends WorkersParts {
  readonly restartBalancer: () => Promise<void>;
  readonly balancerUrl: () => Promise<string>;
}

/** Asks answered: what can be seen is told, what is wanted goes to the app's worker. */
export class FairwayController implements Controller {
  readonly #parts: ControllerParts;
  readonly #workers: Workers;
  #name = '';

  constructor(parts: ControllerParts) {
    this.#parts = parts;
    this.#workers = new Workers({ ...parts, readProduction: () => this.production() });
  }

  /** Takes up whatever a former controller left unfinished. */
  recover(): void {
    this.#workers.recover();
  }

  async close(): Promise<void> {
    await this.#workers.close();
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
    return this.#workers.request('deploy', config.name, request, {
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
    return this.#workers.request('deploy', app, request, {
      commit: await this.#parts.commits.fetch(config, commit),
    });
  }

  async deployDirectory(app: string, directory: string, request: Request): Promise<RolloutRecord> {
    const config = await this.#app(app);
    const commit = await this.#parts.commits.snapshot(config, directory, request.by);
    return this.#workers.request('deploy', app, request, { commit });
  }

  async rollback(app: string, release: string | undefined, request: Request): Promise<RolloutRecord> {
    await this.#app(app);
    return this.#workers.request('rollback', app, request, {
      release: rollbackTarget(this.#parts.world.store, app, release),
    });
  }

  async apply(request: Request): Promise<readonly RolloutRecord[]> {
    const { apps } = await this.production();
    return adoptions(this.#parts.world.store, apps).map(({ kind, app, ...target }) =>
      this.#workers.request(kind, app, request, target),
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
    const target = rollbackTarget(this.#parts.world.store, app, release);
    return previewRollback(this.#parts.world.store, (name) => this.#observe(name), config, target);
  }

  async abort(rollout: string, { by, why }: Request): Promise<RolloutRecord> {
    return this.#workers.abort(rollout, { by, why });
  }

  async pause(rollout: string, { by, why }: Request): Promise<RolloutRecord> {
    return this.#workers.command(rollout, { type: 'paused', by, why });
  }

  async resume(rollout: string, { by, why }: Request): Promise<RolloutRecord> {
    return this.#workers.command(rollout, { type: 'resumed', by, why });
  }

  async promote(rollout: string, request: Request, all: boolean): Promise<RolloutRecord> {
    return this.#workers.promote(rollout, request, all);
  }

  async alert(app: string, request: Request): Promise<Taken> {
    const { store } = this.#parts.world;
    // What runs is known without the file, which may be broken just now.
    const isKnown = store.apps().includes(app) || store.rollouts({ app, limit: 1 }).length > 0;
    if (!isKnown) await this.#app(app);
    return this.#workers.alert(app, request);
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

  run(app: string, command: readonly string[], signal: AbortSignal): ReturnType<Controller['run']> {
    return runOnce(this.#parts.world, app, command, signal);
  }

  async checkPush(app: string, update: PushUpdate): Promise<void> {
    await this.#parts.commits.check(await this.#app(app), update);
  }

  async overview(): Promise<Overview> {
    const { world, now, balancerUrl } = this.#parts;
    const seen = await overviewOfAll(world, () => this.production(), balancerUrl, now());
    const apps = seen.apps.map((one) => {
      const canary = this.#workers.canary(one.app);
      return canary ? { ...one, canary } : one;
    });
    return { ...seen, apps, production: this.#name };
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
}
