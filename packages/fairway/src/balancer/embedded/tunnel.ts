import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Passage, Surroundings } from './exchange.ts';
import { classifyFailure } from './failure.ts';
import type { LiveServer, UnderWay } from './live-server.ts';
import { wantedProtocols } from './protocol-change.ts';
import { rawHead, writeRawAnswer } from './raw-answer.ts';
import { bucketCookie } from './share.ts';

/** After so long without a byte, TCP asks the other side; node's further attempts come a second apart, ten of them. */
const KEEP_ALIVE_AFTER_MS = 60_000;

/**
 * A request to change the protocol (WebSocket) on its way to a server; afterwards raw bytes, both ways, until both
 * sides have ended or the server's time is over. An instance that declines answers as usual, over a connection that
 * then closes.
 */
export class Tunnel implements UnderWay {
  readonly #request: IncomingMessage;
  readonly #visitor: Duplex;
  readonly #head: Buffer;
  readonly #passage: Passage;
  readonly #surroundings: Surroundings;
  readonly #tried: LiveServer[] = [];
  #server: LiveServer | undefined;
  #upstream: ClientRequest | undefined;
  #instance: Duplex | undefined;
  #answered = false;

  constructor(
    request: IncomingMessage,
    visitor: Duplex,
    head: Buffer,
    passage: Passage,
    surroundings: Surroundings,
  ) {
    this.#request = request;
    this.#visitor = visitor;
    this.#head = head;
    this.#passage = passage;
    this.#surroundings = surroundings;
  }

  start(): void {
    this.#visitor.on('error', () => this.#visitor.destroy());
    this.#visitor.on('close', () => this.cancel());
    this.#attempt();
  }

  /** An instance that declined answers as to any request. */
  get openEnded(): boolean {
    return this.#instance !== undefined || !this.#answered;
  }

  cancel(): void {
    this.#visitor.destroy();
    this.#instance?.destroy();
    this.#upstream?.destroy();
    this.#server?.end(this);
  }

  #attempt(): void {
    if (this.#visitor.destroyed) return;
    const { pool, wantsCanary, path, headers } = this.#passage;
    const server = pool.pick(wantsCanary, this.#tried);
    if (!server) {
      this.#refuse(503, 'no instance can be reached');
      return;
    }
    this.#server = server;
    server.begin(this);
    const startedAt = performance.now();
    const { host, port } = server.record;
    const { connectMs, firstByteMs } = pool.definition.timeouts;
    let sent = false;
    const upstream = httpRequest({
      method: this.#request.method,
      path,
      // The pair of headers that ask for the change belong to this connection: they are written anew.
      headers: [...headers, 'connection', 'Upgrade', 'upgrade', wantedProtocols(this.#request)!],
      createConnection: () => {
        const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
        stopConnectingAfter(socket, connectMs);
        socket.once('connect', () => {
          sent = true;
        });
        return socket;
      },
    });
    this.#upstream = upstream;
    const firstByte = setTimeout(() => upstream.destroy(new FirstByteTimeout()), firstByteMs || 2 ** 31 - 1);
    upstream.on('close', () => clearTimeout(firstByte));
    const answered = (answer: IncomingMessage) => {
      clearTimeout(firstByte);
      this.#answered = true;
      server.tally.answered(answer.statusCode!, performance.now() - startedAt);
      for (const failed of this.#tried) failed.tally.retried += 1;
    };
    upstream.on('upgrade', (answer, socket, head) => {
      answered(answer);
      this.#join(answer, socket, head);
    });
    upstream.on('response', (answer) => {
      answered(answer);
      void writeRawAnswer(this.#visitor, answer, this.#cookie()).finally(() => this.cancel());
    });
    upstream.on('error', (error) => this.#failed(server, error, sent));
    upstream.end();
  }

  #join(answer: IncomingMessage, instance: Socket, head: Buffer): void {
    this.#instance = instance;
    const visitor = this.#visitor;
    instance.on('error', () => instance.destroy());
    instance.on('close', () => (visitor.readableEnded ? visitor.end() : this.#closeGently()));
    (visitor as Socket).setTimeout(0);
    // Nobody has to say anything for hours: only asking shows that the other side has vanished.
    for (const socket of [visitor as Socket, instance]) socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
    visitor.write(
      rawHead(answer, [...this.#cookie(), 'Connection', 'Upgrade', 'Upgrade', answer.headers.upgrade ?? '']),
      'latin1',
    );
    if (head.length > 0) visitor.write(head);
    if (this.#head.length > 0) instance.write(this.#head);
    instance.pipe(visitor);
    visitor.pipe(instance);
  }

  /** The instance is gone: what it said last still reaches the visitor, then the connection ends. */
  #closeGently(): void {
    const visitor = this.#visitor as Socket;
    visitor.end();
    if (typeof visitor.destroySoon === 'function') visitor.destroySoon();
  }

  #failed(server: LiveServer, error: Error, sent: boolean): void {
    server.end(this);
    this.#server = undefined;
    if (this.#answered || this.#visitor.destroyed) {
      this.cancel();
      return;
    }
    const late = error instanceof FirstByteTimeout;
    const failure = late ? 'late' : classifyFailure(error, { sent, reused: false });
    if (failure === 'exhausted') {
      this.#refuse(503, 'overloaded');
      return;
    }
    server.tally.failures += 1;
    this.#tried.push(server);
    if (failure === 'unreachable') {
      this.#surroundings.unreachable(server, error);
      this.#attempt();
      return;
    }
    if (!late) this.#surroundings.suspect(server);
    this.#refuse(late ? 504 : 502, late ? 'the instance did not answer in time' : 'the instance broke off');
  }

  #refuse(status: number, text: string): void {
    this.#passage.pool.countUnserved(status);
    refuseRaw(this.#visitor, status, text);
  }

  #cookie(): string[] {
    const { newBucket, pool } = this.#passage;
    return newBucket === undefined ? [] : ['Set-Cookie', bucketCookie(pool.definition.app, newBucket)];
  }
}

class FirstByteTimeout extends Error {}

export function refuseRaw(visitor: Duplex, status: number, text: string): void {
  visitor.on('error', () => visitor.destroy());
  const retry = status === 503 ? 'Retry-After: 1\r\n' : '';
  visitor.end(
    `HTTP/1.1 ${status} ${text}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${text.length + 1}\r\n` +
      `${retry}Connection: close\r\n\r\n${text}\n`,
  );
}

function stopConnectingAfter(socket: Socket, connectMs: number): void {
  if (connectMs <= 0) return;
  const timer = setTimeout(() => {
    socket.destroy(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' }));
  }, connectMs);
  socket.once('connect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
}
