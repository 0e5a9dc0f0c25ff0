import { setTimeout as delay } from 'node:timers/promises';
import { Agent, type Dispatcher } from 'undici';
import { DigestMismatch, ReleaseMissing, SlotOccupied, StaleFence } from '../hosts.ts';
import { LineSplitter } from './supervisor/line-splitter.ts';
import { findProcess } from './supervisor/process-table.ts';
import type { BalancerRequest, BalancerStatus, Refused, SupervisorStatus } from './supervisor/protocol.ts';

const exitTimeoutMs = 5_000;
/** Questions are answered from memory: a supervisor that takes longer hangs, or was stopped (SIGSTOP). */
const questionTimeoutMs = 10_000;

/** Speaks to the supervisor of one state directory over its unix socket. */
export class SupervisorClient {
  readonly #agent: Agent;
  readonly socketPath: string;
  readonly #questionTimeoutMs: number;

  constructor(socketPath: string, options: { readonly questionTimeoutMs?: number } = {}) {
    this.socketPath = socketPath;
    this.#questionTimeoutMs = options.questionTimeoutMs ?? questionTimeoutMs;
    // Stopping takes as long as the instance needs, and streams are silent for as long as nothing happens.
    this.#agent = new Agent({
      connect: { socketPath },
      headersTimeout: 0,
      bodyTimeout: 0,
      connections: null,
    });
  }

  status(): Promise<SupervisorStatus> {
    return this.get('/status');
  }

  balancer(): Promise<BalancerStatus> {
    return this.get('/balancer');
  }

  /** Makes sure that the balancer runs, and is ready. Port 0 means any free port, chosen once and kept. */
  ensureBalancer(request: BalancerRequest): Promise<BalancerStatus> {
    return this.post('/balancer', request);
  }

  /** Replaces the balancer by a new one on the same listening socket; the old one ends after its last request. */
  restartBalancer(): Promise<BalancerStatus> {
    return this.post('/balancer/restart', {});
  }

  /**
   * Ends the supervisor, and resolves when it is gone. Instances and balancer go on without one, unless they are to be
   * stopped with it; then the next supervisor starts them again. Whoever uses {@link LocalHosts} afterwards (a watch that goes on does) starts a new supervisor.
   */
  async shutdown(options: { stopInstances: boolean }): Promise<void> {
    const { pid } = await this.status();
    await this.post('/shutdown', options);
    for (const deadline = Date.now() + exitTimeoutMs; findProcess(pid) && Date.now() < deadline; )
      await delay(5);
    await this.close();
  }

  /** Asks something. Throws {@link SupervisorSilent} when there is no answer in time. */
  async get<Answer>(path: string): Promise<Answer> {
    const headersTimeout = this.#questionTimeoutMs;
    try {
      return await json(await this.#request({ method: 'GET', path, headersTimeout }));
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'UND_ERR_HEADERS_TIMEOUT') throw error;
      throw new SupervisorSilent(this.socketPath, headersTimeout);
    }
  }

  async post<Answer = void>(path: string, body: unknown): Promise<Answer> {
    return json(await this.#request(posting(path, body)));
  }

  async delete(path: string): Promise<void> {
    await json(await this.#request({ method: 'DELETE', path }));
  }

  /** The JSON values of an answer, one per line; the first is awaited no longer than the supervisor takes to accept. */
  async *lines<Message>(path: string, body: unknown, signal: AbortSignal): AsyncGenerator<Message> {
    const request = body === undefined ? { method: 'GET' as const, path } : posting(path, body);
    const answer = await this.#request({ ...request, signal });
    if (answer.statusCode >= 400) throw await refusal(answer);
    const splitter = new LineSplitter(Number.POSITIVE_INFINITY);
    for await (const piece of answer.body) {
      for (const line of splitter.push(piece as Buffer)) {
        if (line !== '') yield JSON.parse(line) as Message;
      }
    }
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #request(request: Omit<Dispatcher.RequestOptions, 'origin'>): Promise<Dispatcher.ResponseData> {
    return this.#agent.request({ origin: 'http://supervisor', ...request });
  }
}

function posting(path: string, body: unknown): Omit<Dispatcher.RequestOptions, 'origin'> {
  return {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}

async function json<Answer>(answer: Dispatcher.ResponseData): Promise<Answer> {
  if (answer.statusCode >= 400) throw await refusal(answer);
  const text = await answer.body.text();
  return (text === '' ? undefined : JSON.parse(text)) as Answer;
}

/** Errors that callers tell apart by their class. */
const classes = [StaleFence, DigestMismatch, SlotOccupied, ReleaseMissing];

const codes = ['stale-fence', 'digest-mismatch', 'slot-occupied', 'release-missing'];

async function refusal(answer: Dispatcher.ResponseData): Promise<Error> {
  const { code, message } = (await answer.body.json()) as Refused;
  const known = classes[codes.indexOf(code)];
  if (!known) return new SupervisorRefusal(code, message);
  // The message was composed over there, from facts that only the supervisor has; here it only gets its class back.
  const error = Object.assign(new Error(message), { name: known.name, code });
  return Object.setPrototypeOf(error, known.prototype) as Error;
}

/** The supervisor refused a request; `code` says why in one word, the message says it to a person. */
export class SupervisorRefusal extends Error {
  override readonly name = 'SupervisorRefusal';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The supervisor accepts connections and says nothing. */
export class SupervisorSilent extends Error {
  override readonly name = 'SupervisorSilent';
  readonly code = 'supervisor-silent';
  constructor(socketPath: string, timeoutMs: number) {
    super(
      `the supervisor at ${socketPath} has not answered for ${timeoutMs / 1000} s. Instances and balancer go on; ` +
        'end the supervisor (`pgrep -af supervisor/main` shows it), and another is started in its place',
    );
  }
}
