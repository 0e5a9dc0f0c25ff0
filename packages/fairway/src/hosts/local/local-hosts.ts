import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { SlotAddress } from '../../rollout/slot.ts';
import { EventQueue } from '../event-queue.ts';
import type { Artifact, Hosts, Launch, LogLine, LogQuery, RunningCommand, SlotProcess } from '../hosts.ts';
import { ensureSupervisor, type SupervisorPlace } from './ensure-supervisor.ts';
import type { RunMessage, RunRequest } from './supervisor/protocol.ts';
import { type SupervisorClient, SupervisorRefusal } from './supervisor-client.ts';

const attempts = 3;
const reconnectPauseMs = 50;

/** This machine, through its supervisor. Starts the supervisor if it is not there, also when it dies in between. */
export class LocalHosts implements Hosts {
  readonly #place: SupervisorPlace;
  #client: Promise<SupervisorClient> | undefined;

  constructor(place: SupervisorPlace) {
    this.#place = place;
  }

  async install(_host: string, artifact: Artifact, fence: number): Promise<void> {
    const { app, release, file, sha256 } = artifact;
    await this.#ask((client) => client.post('/install', { app, release, file, sha256, fence }));
  }

  async start(host: string, slot: SlotAddress, launch: Launch, fence: number): Promise<void> {
    await this.#ask((client) => client.post('/start', { host, slot, launch, fence }));
  }

  async stop(_host: string, slot: SlotAddress, fence: number): Promise<void> {
    await this.#ask((client) => client.post('/stop', { slot, fence }));
  }

  async prune(_host: string, app: string, keep: readonly string[], fence: number): Promise<void> {
    await this.#ask((client) => client.post('/prune', { app, keep, fence }));
  }

  observe(app: string): Promise<readonly SlotProcess[]> {
    return this.#ask((client) => client.get(`/slots?app=${encodeURIComponent(app)}`));
  }

  async *watch(app: string, signal: AbortSignal): AsyncGenerator<void> {
    while (!signal.aborted) {
      const path = `/watch?app=${encodeURIComponent(app)}`;
      // The first message comes when the supervisor has begun to listen: whatever happened before may have been missed.
      for await (const _ of this.#stream((client) => client.lines(path, undefined, signal), signal)) yield;
    }
  }

  async *logs(app: string, query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
    let { lines } = query;
    do {
      const body = { app, ...query, lines };
      yield* this.#stream((client) => client.lines<LogLine>('/logs', body, signal), signal);
      // The supervisor was started again meanwhile: what was shown is not shown twice.
      lines = 0;
    } while (query.follow && !signal.aborted);
  }

  run(host: string, app: string, launch: Launch, signal: AbortSignal): RunningCommand {
    const lines = new EventQueue<string>();
    const exitCode = this.#run({ id: randomUUID(), host, app, launch }, signal, lines).finally(() =>
      lines.end(),
    );
    // Whoever reads only the lines must not be ended by a rejection that nobody took.
    exitCode.catch(() => undefined);
    return { lines, exitCode };
  }

  /** Closes the connections to the supervisor. It goes on. */
  async close(): Promise<void> {
    await (await this.#client?.catch(() => undefined))?.close();
    this.#client = undefined;
  }

  async #run(request: RunRequest, signal: AbortSignal, lines: EventQueue<string>): Promise<number> {
    signal.throwIfAborted();
    const client = await this.#connect();
    // Ended by request rather than by hanging up: so its last lines and its end are still heard.
    const end = () => void client.delete(`/run/${request.id}`).catch(() => undefined);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      for await (const message of client.lines<RunMessage>('/run', request, new AbortController().signal)) {
        if ('exitCode' in message) return message.exitCode;
        lines.push(message.line);
      }
    } finally {
      signal.removeEventListener('abort', end);
    }
    throw new SupervisorRefusal(
      'command-interrupted',
      'the supervisor ended before the command did; it was ended with it',
    );
  }

  /** Every request can be repeated, so one that met a dying supervisor is. */
  async #ask<Answer>(request: (client: SupervisorClient) => Promise<Answer>): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      const client = await this.#connect();
      try {
        return await request(client);
      } catch (error) {
        if (!isConnectionLoss(error) || attempt === attempts) throw error;
        this.#client = undefined;
        await client.close();
      }
    }
  }

  /** A stream that ends, instead of throwing, when the signal aborts or the supervisor goes away. */
  async *#stream<Message>(
    open: (client: SupervisorClient) => AsyncIterable<Message>,
    signal: AbortSignal,
  ): AsyncGenerator<Message> {
    try {
      yield* open(await this.#connect());
    } catch (error) {
      if (signal.aborted) return;
      if (!isConnectionLoss(error)) throw error;
      this.#client = undefined;
      await delay(reconnectPauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #connect(): Promise<SupervisorClient> {
    this.#client ??= ensureSupervisor(this.#place);
    this.#client.catch(() => {
      this.#client = undefined;
    });
    return this.#client;
  }
}

const lossCodes = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_DESTROYED',
]);

function isConnectionLoss(error: unknown): boolean {
  return !(error instanceof SupervisorRefusal) && lossCodes.has(String((error as { code?: unknown }).code));
}
