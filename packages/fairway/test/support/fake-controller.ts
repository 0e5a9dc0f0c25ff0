import type { Release } from '../../src/build/release.ts';
import type { Production } from '../../src/config/production.ts';
import type { LogLine, LogQuery } from '../../src/hosts/hosts.ts';
import type { RolloutEvent } from '../../src/rollout/events.ts';
import type {
  Controller,
  Overview,
  Preview,
  PushUpdate,
  Request,
  Taken,
} from '../../src/runner/controller.ts';
import { Journal } from '../../src/runner/journal.ts';
import type { RolloutKind, RolloutRecord, Store } from '../../src/store/store.ts';

/** A controller that moves nothing: it remembers what it was asked, and answers from a real store. For server tests. */
export class FakeController implements Controller {
  readonly asked: { readonly method: string; readonly args: readonly unknown[] }[] = [];
  /** Thrown by the next call that changes something. */
  refusal: Error | undefined;
  logLines: readonly LogLine[] = [];
  /** Thrown after the log lines. */
  logFailure: Error | undefined;
  output: readonly string[] = [];
  exit: Promise<number> = Promise.resolve(0);
  view: Overview;
  taken: Taken = { rollouts: ['shop-1'], unreached: [] };
  /** Signals that were handed to streams, the newest last. */
  readonly signals: AbortSignal[] = [];
  readonly #store: Store;
  readonly #journal: Journal;

  constructor(store: Store) {
    this.#store = store;
    this.#journal = new Journal(store);
    this.view = {
      production: 'test',
      at: 1,
      apps: [],
      configProblems: [],
      balancerUrl: 'http://127.0.0.1:8080',
      unreachable: [],
    };
  }

  /** Lets something happen in a rollout. */
  happen(rollout: string, ...events: RolloutEvent[]): void {
    const { app } = this.#store.rollout(rollout)!;
    const end = events.find((event) => event.type === 'finished');
    this.#journal.append(app, rollout, events, Number.MAX_SAFE_INTEGER, () => {
      if (end) this.#store.setStatus(rollout, end.outcome, end.reason);
    });
  }

  start(app: string, kind: RolloutKind = 'deploy', more: Partial<RolloutRecord> = {}): RolloutRecord {
    return this.#store.createRollout({ app, kind, by: 'ann', why: '', requestedAt: 1, ...more });
  }

  production(): Promise<Production> {
    throw new Error('the server does not ask for it');
  }
  overview(): Promise<Overview> {
    return this.#meet('overview', [], this.view);
  }
  repository(app: string): Promise<string> {
    return this.#meet('repository', [app], `/state/repositories/${app}.git`);
  }
  async deploy(app: string, commit: string, request: Request): Promise<RolloutRecord> {
    await this.#meet('deploy', [app, commit, request]);
    return this.start(app, 'deploy', { commit });
  }
  async deployFromRepository(
    app: string,
    commit: string | undefined,
    request: Request,
  ): Promise<RolloutRecord> {
    await this.#meet('deployFromRepository', [app, commit, request]);
    return this.start(app);
  }
  async deployDirectory(app: string, directory: string, request: Request): Promise<RolloutRecord> {
    await this.#meet('deployDirectory', [app, directory, request]);
    return this.start(app);
  }
  async rollback(app: string, release: string | undefined, request: Request): Promise<RolloutRecord> {
    await this.#meet('rollback', [app, release, request]);
    return this.start(app, 'rollback', { release: release ?? 'previous' });
  }
  async apply(request: Request): Promise<readonly RolloutRecord[]> {
    await this.#meet('apply', [request]);
    return [this.start('shop', 'apply')];
  }
  previewApply(): Promise<readonly Preview[]> {
    return this.#meet('previewApply', [], [this.#preview('shop', 'apply')]);
  }
  previewDeploy(app: string, commit: string | undefined): Promise<Preview> {
    return this.#meet('previewDeploy', [app, commit], this.#preview(app, 'deploy'));
  }
  previewRollback(app: string, release: string | undefined): Promise<Preview> {
    return this.#meet('previewRollback', [app, release], this.#preview(app, 'rollback'));
  }
  abort(rollout: string, request: Request): Promise<RolloutRecord> {
    return this.#meet('abort', [rollout, request], this.#store.rollout(rollout)!);
  }
  pause(rollout: string, request: Request): Promise<RolloutRecord> {
    return this.#meet('pause', [rollout, request], this.#store.rollout(rollout)!);
  }
  resume(rollout: string, request: Request): Promise<RolloutRecord> {
    return this.#meet('resume', [rollout, request], this.#store.rollout(rollout)!);
  }
  promote(rollout: string, request: Request, all: boolean): Promise<RolloutRecord> {
    return this.#meet('promote', [rollout, request, all], this.#store.rollout(rollout)!);
  }
  alert(app: string, request: Request): Promise<Taken> {
    return this.#meet('alert', [app, request], this.taken);
  }
  restartBalancer(request: Request): Promise<void> {
    return this.#meet('restartBalancer', [request], undefined);
  }
  rollouts(app: string | undefined, limit: number): readonly RolloutRecord[] {
    return this.#store.rollouts({ limit, ...(app === undefined ? {} : { app }) });
  }
  rollout(id: string): RolloutRecord | undefined {
    return this.#store.rollout(id);
  }
  releases(app: string): readonly (Release & { readonly standing: 'current' | 'good' | 'untried' })[] {
    return this.#store.releases(app).map((release) => ({ ...release, standing: 'good' }));
  }
  events(after: number, rollout: string | undefined, signal: AbortSignal) {
    this.signals.push(signal);
    return this.#journal.follow(after, rollout, signal);
  }
  async *logs(app: string, query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine> {
    this.signals.push(signal);
    await this.#meet('logs', [app, query]);
    yield* this.logLines;
    if (this.logFailure) throw this.logFailure;
    if (query.follow) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  }
  async run(app: string, command: readonly string[], signal: AbortSignal) {
    this.signals.push(signal);
    await this.#meet('run', [app, command]);
    const { output, exit } = this;
    async function* lines() {
      yield* output;
      // Ends, as a real process would, when it is killed.
      await Promise.race([
        exit.catch(() => {}),
        new Promise((resolve) => signal.addEventListener('abort', resolve)),
      ]);
    }
    return { lines: lines(), exitCode: exit };
  }
  checkPush(app: string, update: PushUpdate): Promise<void> {
    return this.#meet('checkPush', [app, update], undefined);
  }

  #meet(method: string, args: readonly unknown[]): Promise<void>;
  #meet<Answer>(method: string, args: readonly unknown[], answer: Answer): Promise<Answer>;
  #meet(method: string, args: readonly unknown[], answer?: unknown): Promise<unknown> {
    this.asked.push({ method, args });
    const { refusal } = this;
    this.refusal = undefined;
    return refusal ? Promise.reject(refusal) : Promise.resolve(answer);
  }

  #preview(app: string, kind: RolloutKind): Preview {
    return { app, kind, summary: 'nothing', steps: ['a step'] };
  }
}
