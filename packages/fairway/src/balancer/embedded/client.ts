import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import type { AppCounters, Balancer, Registry } from '../balancer.ts';
import { type ChangeMessage, type Ready, type Renewals, readySchema, renewedSchema } from './messages.ts';
import { portError, refusalSchema } from './refusal.ts';

export class BalancerUnreachable extends Error {
  override readonly name = 'BalancerUnreachable';
  readonly code = 'balancer-unreachable';
  constructor(socketPath: string, cause: Error) {
    super(
      `the balancer does not answer at ${socketPath} (${cause.message}). Traffic may still flow; ` +
        'look at balancer.log in the state directory and whether the supervisor runs',
      { cause },
    );
  }
}

/** The balancer answered with an error that no caller is prepared for, such as a full disk. */
export class BalancerFailed extends Error {
  override readonly name = 'BalancerFailed';
  readonly code = 'balancer-failed';
  constructor(status: number, message: string) {
    super(`the balancer could not do it (${status}): ${message}; the reason is in its log`);
  }
}

export interface EmbeddedBalancerOptions {
  readonly socketPath: string;
  /** For one call, with its repetitions while one balancer process takes over from another. Default: 5 s. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5000;
const REPEAT_AFTER_MS = 20;
const WATCH_AGAIN_AFTER_MS = 100;

/** The port over the control socket of a balancer process (`process.ts`), and which process answers there. */
export interface EmbeddedBalancer extends Balancer {
  /** An answer means that this process accepts visitors. */
  ready(): Promise<Ready>;
}

export function embeddedBalancer({ socketPath, timeoutMs }: EmbeddedBalancerOptions): EmbeddedBalancer {
  const line = new ControlLine(socketPath, timeoutMs ?? TIMEOUT_MS);
  const change = async (message: ChangeMessage) => {
    await line.call('POST', '/change', message);
  };
  return {
    declare: (pool, fence) => change({ kind: 'declare', pool, fence }),
    forget: (app, fence) => change({ kind: 'forget', app, fence }),
    register: (server, fence) => change({ kind: 'register', server, fence }),
    admit: (slot, fence) => change({ kind: 'admit', slot, fence }),
    drain: (slot, timeout, fence) => change({ kind: 'drain', slot, timeoutMs: timeout, fence }),
    deregister: (slot, fence) => change({ kind: 'deregister', slot, fence }),
    setShare: async (app, share, fence) => {
      await change({ kind: 'set-share', app, share, fence });
      return [];
    },
    promote: (app, generation, timeout, fence) =>
      change({ kind: 'promote', app, generation, timeoutMs: timeout, fence }),
    renewShares: async (renewals) =>
      renewedSchema.parse(await line.call('POST', '/renewals', { renewals })).apps,
    observe: async () => (await line.call('GET', '/registry')) as Registry,
    counters: async () => (await line.call('GET', '/counters')) as AppCounters[],
    watch: (signal) => line.watch(signal),
    ready: async () => readySchema.parse(await line.call('GET', '/ready')),
  };
}

class ControlLine {
  readonly #pool: Pool;
  readonly #socketPath: string;
  readonly #timeoutMs: number;

  constructor(socketPath: string, timeoutMs: number) {
    // A connection for each call: a kept one may lead to a process that was replaced meanwhile and hangs.
    this.#pool = new Pool('http://balancer', { socketPath, pipelining: 0, connect: { timeout: timeoutMs } });
    this.#socketPath = socketPath;
    this.#timeoutMs = timeoutMs;
  }

  /** Every call is idempotent, so one that meets a process on its way out is simply made again. */
  async call(method: 'GET' | 'POST', path: string, message?: ChangeMessage | Renewals): Promise<unknown> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    for (;;) {
      const answer = await this.#ask(method, path, message, signal);
      if (answer !== 'again') return answer.body;
      await delay(REPEAT_AFTER_MS, undefined, { signal }).catch(() => {
        throw new BalancerUnreachable(
          this.#socketPath,
          new Error('it is being replaced and does not come back'),
        );
      });
    }
  }

  async *watch(signal: AbortSignal): AsyncGenerator<Registry> {
    while (!signal.aborted) {
      try {
        const { statusCode, body } = await this.#pool.request({
          method: 'GET',
          path: '/watch',
          signal,
          bodyTimeout: 0,
        });
        if (statusCode === 200) {
          for await (const text of createInterface({ input: body })) yield JSON.parse(text) as Registry;
        } else await body.dump();
      } catch (error) {
        // The balancer restarts, or cannot be reached now: the next attempt tells. Anything else is a bug.
        if (!isConnectionError(error) && !signal.aborted) throw error;
      }
      await delay(WATCH_AGAIN_AFTER_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #ask(
    method: 'GET' | 'POST',
    path: string,
    message: ChangeMessage | Renewals | undefined,
    signal: AbortSignal,
  ): Promise<'again' | { body: unknown }> {
    try {
      const headers = { 'content-type': 'application/json' };
      const body = message === undefined ? null : JSON.stringify(message);
      const answer = await this.#pool.request({ method, path, headers, body, signal });
      if (answer.statusCode === 204) {
        await answer.body.dump();
        return { body: undefined };
      }
      const content = await answer.body.json();
      if (answer.statusCode === 200) return { body: content };
      if (answer.statusCode === 503) return 'again';
      throw toError(answer.statusCode, content);
    } catch (error) {
      if (wasClosedMeanwhile(error)) return 'again';
      if (isConnectionError(error) || signal.aborted) {
        throw new BalancerUnreachable(this.#socketPath, error as Error);
      }
      throw error;
    }
  }
}

function toError(status: number, content: unknown): Error {
  const refusal = refusalSchema.safeParse(content);
  if (refusal.success) return portError(refusal.data);
  return new BalancerFailed(status, (content as { message?: string }).message ?? 'no reason given');
}

function wasClosedMeanwhile(error: unknown): boolean {
  return ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(errorCode(error));
}

function isConnectionError(error: unknown): boolean {
  return wasClosedMeanwhile(error) || /^(E[A-Z]+|UND_ERR_[A-Z_]*TIMEOUT)$/.test(errorCode(error));
}

function errorCode(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code ?? '');
}
