import { createServer, type Server } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Forwarder } from './forwarder.ts';
import { readWithoutWish, wantedProtocols } from './protocol-change.ts';

/** An inherited listening socket, or an address to bind. */
export type Listen = { readonly fd: number } | { readonly address: string; readonly port: number };

/**
 * What a visitor is told (`Keep-Alive: timeout=…`), and how much longer an idle connection really stays: whoever keeps
 * to what was announced never meets a closing connection. The retiring process waits longer than the announced time.
 */
const ANNOUNCED_IDLE_MS = 20_000;
const IDLE_GRACE_MS = 55_000;
/** The most that any pool may allow; a pool's own limit is checked per request. */
const MAX_HEADER_BYTES = 65_536;
/** Against senders that trickle. A body may take as long as it moves: its pool's idle time is the bound. */
const HEAD_TIMEOUT_MS = 30_000;
/** A visitor that has ended its side and to whom nothing could be sent for so long has most likely gone. */
const HALF_CLOSED_PATIENCE_MS = 5000;

export interface VisitorsOptions {
  /** Connections at a time; further ones are closed at once. */
  readonly maxConnections?: number | undefined;
  /** Instead of {@link ANNOUNCED_IDLE_MS}. */
  readonly idleMs?: number | undefined;
}

/** The server that visitors connect to. */
export class Visitors {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** Sockets past the announced time, with what they had read by then: one that was used since gets a new grace. */
  readonly #inGrace = new Map<Socket, number>();
  #graceMs = IDLE_GRACE_MS;

  constructor(forwarder: Forwarder, { maxConnections, idleMs }: VisitorsOptions = {}) {
    this.#server = createServer({
      keepAliveTimeout: idleMs ?? ANNOUNCED_IDLE_MS,
      headersTimeout: HEAD_TIMEOUT_MS,
      requestTimeout: 0,
      connectionsCheckingInterval: 5000,
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: false,
      noDelay: true,
    });
    // Else node closes a connection whose visitor has ended its side, in the middle of an answer too.
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    const forward = forwarder.forward.bind(forwarder);
    this.#server.on('request', forward);
    this.#server.on('checkContinue', forward);
    this.#server.on('upgrade', (request, socket: Socket, head) => {
      socket.off('end', closeWhenSilent);
      if (wantedProtocols(request) === undefined) readWithoutWish(this.#server, request, socket, head);
      else forwarder.upgrade(request, socket, head);
    });
    this.#server.on('connection', (socket) => this.#remember(socket));
    this.#server.on('timeout', (socket) => this.#closeAfterGrace(socket));
    this.#server.on('clientError', answerClientError);
    if (maxConnections !== undefined) this.#server.maxConnections = maxConnections;
  }

  async listen(listen: Listen): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      const bound = 'fd' in listen ? { fd: listen.fd } : { host: listen.address, port: listen.port };
      this.#server.listen({ ...bound, backlog: 4096 }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    return this.#server.address() as AddressInfo;
  }

  /**
   * Stops accepting at once; resolves when every connection has ended. Node's own `close()` would end idle ones now,
   * under the hands of visitors who are just about to use them again.
   */
  stopAccepting(): Promise<void> {
    return new Promise((resolve) => NetServer.prototype.close.call(this.#server, () => resolve()));
  }

  /** Closes idle connections past the announced time, now and from now on. */
  endGrace(): void {
    this.#graceMs = 0;
    for (const [socket, bytesRead] of this.#inGrace) if (socket.bytesRead === bytesRead) socket.destroy();
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #remember(socket: Socket): void {
    socket.once('end', closeWhenSilent);
    // Known already where a request was read once more.
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#inGrace.delete(socket);
    });
  }

  #closeAfterGrace(socket: Socket): void {
    if (this.#graceMs === 0 || this.#inGrace.get(socket) === socket.bytesRead) {
      socket.destroy();
      return;
    }
    this.#inGrace.set(socket, socket.bytesRead);
    socket.setTimeout(this.#graceMs);
  }
}

/**
 * It may only have said all that it had to say, or it may be gone: the connection's end looks the same, and only sending
 * tells. So an answer that is under way goes on, but an instance is not kept waiting for nobody.
 */
function closeWhenSilent(this: Socket): void {
  // Node has ended it: nothing was under way.
  if (this.writableEnded) return;
  let sent = this.bytesWritten;
  const timer = setInterval(() => {
    if (this.bytesWritten === sent && this.writableLength === 0) this.destroy();
    sent = this.bytesWritten;
  }, HALF_CLOSED_PATIENCE_MS);
  this.once('close', () => clearInterval(timer));
}

function answerClientError(error: NodeJS.ErrnoException, duplex: Duplex): void {
  const socket = duplex as Socket & { _httpMessage?: { headersSent: boolean } };
  // In the middle of an answer there is nothing left to say.
  if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  const text = status.slice(4).toLowerCase();
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${text.length + 1}\r\nConnection: close\r\n\r\n${text}\n`,
    () => socket.destroySoon(),
  );
}
