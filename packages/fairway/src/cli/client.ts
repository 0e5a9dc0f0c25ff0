import type { IncomingMessage } from 'node:http';
import type {
  AlertAnswer,
  AuditPage,
  CheckPushRequest,
  CreatedToken,
  CreateTokenRequest,
  DeployRequest,
  Health,
  LiveEntry,
  LogStreamLine,
  Overview,
  Preview,
  PreviewList,
  ReleaseList,
  Repository,
  RolloutList,
  RolloutRecord,
  RunStreamLine,
  TokenList,
} from '../server/api.ts';
import { type FollowOptions, follow } from './client/follow.ts';
import { diagnose, type Location, locate, ServerUnreachable, type Whereabouts } from './client/location.ts';
import { Refused, refusalIn } from './client/refused.ts';
import { ANSWER_TIMEOUT_MS, tellOfSilence } from './client/silence.ts';
import { linesOf } from './client/streams.ts';
import { type Call, exchange, NoAnswer, readBody } from './client/transport.ts';
import { UsageError } from './exit.ts';

export interface ClientOptions {
  readonly whereabouts: Whereabouts;
  /** The person behind the calls, for journal and audit; ASCII. */
  readonly actor?: string;
  /** Told once when a call has waited for a while, and goes on waiting. */
  readonly onSilence?: (message: string) => void;
  readonly silenceMs?: number;
}

/**
 * The control server's API as functions. Every call throws {@link Refused} when the server says no, and
 * {@link ServerUnreachable} when it does not answer.
 */
export class Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  health(): Promise<Health> {
    return this.#get('/healthz');
  }

  overview(): Promise<Overview> {
    return this.#get('/api/overview');
  }

  async releases(app: string): Promise<ReleaseList['releases']> {
    return (await this.#get<ReleaseList>(`${appPath(app)}/releases`)).releases;
  }

  async rollouts(app: string | undefined, limit: number): Promise<RolloutList['rollouts']> {
    const path = app === undefined ? '/api/rollouts' : `${appPath(app)}/rollouts`;
    return (await this.#get<RolloutList>(`${path}?limit=${limit}`)).rollouts;
  }

  rollout(id: string): Promise<RolloutRecord> {
    return this.#get(rolloutPath(id));
  }

  deploy(app: string, request: DeployRequest): Promise<RolloutRecord> {
    return this.#post(`${appPath(app)}/deploy`, request);
  }

  rollback(app: string, release: string | undefined, reason: string | undefined): Promise<RolloutRecord> {
    return this.#post(`${appPath(app)}/rollback`, { release, reason });
  }

  async apply(reason: string | undefined): Promise<RolloutList['rollouts']> {
    return (await this.#post<RolloutList>('/api/apply', { reason })).rollouts;
  }

  async previewApply(): Promise<PreviewList['previews']> {
    return (await this.#get<PreviewList>('/api/plan/apply')).previews;
  }

  previewDeploy(app: string, commit: string | undefined): Promise<Preview> {
    return this.#get(`/api/plan/deploy${query({ app, commit })}`);
  }

  previewRollback(app: string, release: string | undefined): Promise<Preview> {
    return this.#get(`/api/plan/rollback${query({ app, release })}`);
  }

  /** Abort, pause or resume a rollout. */
  steer(verb: 'abort' | 'pause' | 'resume', id: string, reason: string | undefined): Promise<RolloutRecord> {
    return this.#post(`${rolloutPath(id)}/${verb}`, { reason });
  }

  promote(id: string, all: boolean, reason: string | undefined): Promise<RolloutRecord> {
    return this.#post(`${rolloutPath(id)}/promote`, { all, reason });
  }

  alert(app: string, reason: string): Promise<AlertAnswer> {
    return this.#post('/alerts', { app, reason });
  }

  async restartBalancer(reason: string | undefined): Promise<void> {
    await this.#post('/api/balancer/restart', { reason });
  }

  async repository(app: string): Promise<string> {
    return (await this.#get<Repository>(`${appPath(app)}/repository`)).path;
  }

  async checkPush(app: string, update: CheckPushRequest): Promise<void> {
    await this.#post(`${appPath(app)}/check-push`, update);
  }

  async audit(limit: number, before?: number): Promise<AuditPage['entries']> {
    return (await this.#get<AuditPage>(`/api/audit${query({ limit, before })}`)).entries;
  }

  async tokens(): Promise<TokenList['tokens']> {
    return (await this.#get<TokenList>('/api/tokens')).tokens;
  }

  createToken(request: CreateTokenRequest): Promise<CreatedToken> {
    return this.#post('/api/tokens', request);
  }

  async removeToken(id: string): Promise<void> {
    await this.#json({ method: 'DELETE', path: `/api/tokens/${segment('token', id)}` });
  }

  /** A rollout's events from its beginning until it has ended, across restarts of the server. */
  rolloutEvents(id: string, options: FollowOptions): AsyncGenerator<LiveEntry> {
    return follow(
      (after, signal) =>
        this.#open({
          method: 'GET',
          path: `${rolloutPath(id)}/events`,
          headers: {
            accept: 'text/event-stream',
            ...(after === undefined ? {} : { 'last-event-id': `${after}` }),
          },
          signal,
        }),
      options,
    );
  }

  /** Lines of an app's instances: the last ones, then new ones while `follow`. */
  logs(
    app: string,
    wanted: { readonly instance?: string | undefined; readonly lines: number; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<Exclude<LogStreamLine, { error: unknown }>> {
    return this.#jsonLines({ method: 'GET', path: `${appPath(app)}/logs${query(wanted)}`, signal });
  }

  /** Runs a command once in the app's current release: its output, then its exit code. */
  run(
    app: string,
    command: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<Exclude<RunStreamLine, { error: unknown }>> {
    return this.#jsonLines({
      method: 'POST',
      path: `${appPath(app)}/run`,
      body: { command },
      signal,
    });
  }

  #get<Answer>(path: string): Promise<Answer> {
    return this.#json({ method: 'GET', path });
  }

  #post<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#json({ method: 'POST', path, body });
  }

  async #json<Answer>(call: Omit<Call, 'timeoutMs'>): Promise<Answer> {
    const response = await this.#open(call);
    const body = await readBody(response);
    return (response.statusCode === 204 ? undefined : JSON.parse(body)) as Answer;
  }

  async *#jsonLines<Line extends object>(call: Omit<Call, 'timeoutMs'>): AsyncGenerator<Line> {
    try {
      for await (const text of linesOf(await this.#open(call))) {
        if (text === '') continue;
        const line = JSON.parse(text) as Line | { error: { code: string; message: string } };
        if ('error' in line) throw new Refused(503, line);
        yield line;
      }
    } catch (error) {
      if (call.signal?.aborted) return;
      if (error instanceof Refused || error instanceof ServerUnreachable) throw error;
      throw await this.#unreachable(error as Error);
    }
  }

  /** Resolves at the head of a successful answer. */
  async #open(call: Omit<Call, 'timeoutMs'>): Promise<IncomingMessage> {
    const { whereabouts } = this.#options;
    let location = await locate(whereabouts);
    let response = await this.#ask(location, call);
    if (response.statusCode === 401) {
      // A server that starts makes a new token: it may have done so after we had read the old one.
      const present = await locate(whereabouts);
      if (present.token !== location.token) {
        response.resume();
        location = present;
        response = await this.#ask(location, call);
      }
    }
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299) throw await refusalIn(response, location.url);
    return response;
  }

  async #ask(location: Location, call: Omit<Call, 'timeoutMs'>): Promise<IncomingMessage> {
    const { actor, onSilence, silenceMs } = this.#options;
    const headers = { ...(actor ? { 'x-fairway-actor': actor } : {}), ...call.headers };
    const broken = onSilence && tellOfSilence(location.url, onSilence, silenceMs);
    try {
      return await exchange(location, { ...call, headers, timeoutMs: ANSWER_TIMEOUT_MS });
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      throw await this.#unreachable(error, location);
    } finally {
      broken?.();
    }
  }

  async #unreachable(cause: Error, location?: Location): Promise<ServerUnreachable> {
    const { whereabouts } = this.#options;
    return diagnose(whereabouts, (location ?? (await locate(whereabouts))).url, cause);
  }
}

function appPath(app: string): string {
  return `/api/apps/${segment('app', app)}`;
}

function rolloutPath(id: string): string {
  return `/api/rollouts/${segment('rollout', id)}`;
}

/** One part of a path. An empty one, or dots, would make it another path; whatever else is wrong the server says. */
function segment(kind: string, name: string): string {
  if (/^\.{0,2}$/.test(name))
    throw new UsageError(`"${name}" is no name of ${kind === 'app' ? 'an app' : `a ${kind}`}`);
  return encodeURIComponent(name);
}

function query(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined) parameters.set(key, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}
