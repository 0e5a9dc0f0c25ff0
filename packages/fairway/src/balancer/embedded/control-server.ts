import { chmod, rename } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { ZodError, z } from 'zod';
import type { AppCounters, Registry } from '../balancer.ts';
import { jsonLine } from './json-lines.ts';
import { HandingOver } from './keeper.ts';
import {
  type ChangeMessage,
  changeMessageSchema,
  type Ready,
  type Renewals,
  renewalsSchema,
} from './messages.ts';
import { Refused } from './refusal.ts';

const MAX_MESSAGE_BYTES = 1_048_576;
/** A watcher that reads nothing for so long that this much is waiting for it is cut off. */
const MAX_UNREAD_BYTES = 16_777_216;

/** What stands behind the control socket. */
export interface Controls {
  change(message: ChangeMessage): Promise<void>;
  /** Answers with the apps whose share was renewed. */
  renew(message: Renewals): readonly string[];
  observe(): Registry;
  /** Calls back after every change; returns how to stop that. */
  watch(onChange: (registry: Registry) => void): () => void;
  counters(): AppCounters[];
  ready(): Ready;
  handOver(socket: Duplex): Promise<void>;
  /** Set while another process takes over: whoever asks shall ask that one. */
  readonly handingOver: boolean;
}

/** HTTP on a unix socket: how the balancer is driven. */
export class ControlServer {
  readonly #server: Server;
  readonly #controls: Controls;
  readonly #log: Logger;
  readonly #watchers = new Set<ServerResponse>();

  constructor(controls: Controls, log: Logger) {
    this.#controls = controls;
    this.#log = log;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => this.#answerError(response, error));
    });
    this.#server.on('upgrade', (request, socket) => {
      socket.on('error', () => socket.destroy());
      if (request.url !== '/handover') socket.destroy();
      else controls.handOver(socket).catch(() => socket.destroy());
    });
  }

  /**
   * Takes the path over in one step: bound under another name first, then renamed. Whoever connects reaches the old
   * process or the new one, never nothing; and no process removes a socket that another one has put there.
   */
  async listen(socketPath: string): Promise<void> {
    const temporary = join(dirname(socketPath), `.${process.pid.toString(36)}`);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(temporary, resolve);
    });
    await chmod(temporary, 0o600);
    await rename(temporary, socketPath);
  }

  /** Watchers come back to whoever answers at the path then. */
  endWatches(): void {
    for (const response of this.#watchers) response.end();
  }

  stop(): void {
    this.endWatches();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const controls = this.#controls;
    if (controls.handingOver) throw new HandingOver();
    switch (`${request.method} ${request.url}`) {
      case 'POST /change':
        await controls.change(changeMessageSchema.parse(JSON.parse(await readBody(request))));
        response.writeHead(204).end();
        return;
      case 'POST /renewals': {
        const message = renewalsSchema.parse(JSON.parse(await readBody(request)));
        return sendJson(response, 200, { apps: controls.renew(message) });
      }
      case 'GET /ready':
        return sendJson(response, 200, controls.ready());
      case 'GET /registry':
        return sendJson(response, 200, controls.observe());
      case 'GET /counters':
        return sendJson(response, 200, controls.counters());
      case 'GET /watch':
        return this.#watch(response);
      default:
        return sendJson(response, 404, { code: 'not-found', message: 'no such operation' });
    }
  }

  #watch(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    const send = (registry: Registry) => {
      if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
      else response.write(jsonLine(registry));
    };
    const stop = this.#controls.watch(send);
    this.#watchers.add(response);
    response.once('close', () => {
      stop();
      this.#watchers.delete(response);
    });
    send(this.#controls.observe());
  }

  #answerError(response: ServerResponse, error: unknown): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error instanceof Refused) {
      sendJson(response, 409, error.refusal);
      return;
    }
    if (error instanceof HandingOver) {
      response.setHeader('connection', 'close');
      sendJson(response, 503, { code: 'handing-over' });
      return;
    }
    const malformed = error instanceof ZodError || error instanceof SyntaxError;
    const message = error instanceof ZodError ? z.prettifyError(error) : (error as Error).message;
    if (!malformed) this.#log.error({ reason: message }, 'a control request failed');
    sendJson(response, malformed ? 400 : 500, { code: malformed ? 'malformed' : 'failed', message });
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_MESSAGE_BYTES) throw new SyntaxError('the message is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text);
}
