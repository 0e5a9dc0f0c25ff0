import { Client } from 'undici';
import type { PoolDefinition } from '../balancer.ts';

/**
 * An instance that closes idle connections while a request is on its way loses that request. So a connection is given
 * up this long before the instance says that it will (`Keep-Alive: timeout=…`) …
 */
const CLOSE_BEFORE_HINT_MS = 2000;
/** … and after this time when the instance says nothing: shorter than any common server's default. */
const IDLE_WITHOUT_HINT_MS = 1000;
const IDLE_MAX_MS = 60_000;
const MAX_ANSWER_HEADER_BYTES = 65_536;

/** One connection to an instance, for one request at a time. Opened by its first request, and again when it was closed. */
export class Connection {
  readonly client: Client;
  /** Requests sent since it was opened; a request on a used one may meet the instance's closing. */
  used = 0;

  constructor(origin: string, timeouts: PoolDefinition['timeouts']) {
    this.client = new Client(origin, {
      pipelining: 1,
      connect: { timeout: timeouts.connectMs },
      headersTimeout: timeouts.firstByteMs,
      bodyTimeout: timeouts.idleMs,
      keepAliveTimeout: IDLE_WITHOUT_HINT_MS,
      keepAliveTimeoutThreshold: CLOSE_BEFORE_HINT_MS,
      keepAliveMaxTimeout: IDLE_MAX_MS,
      maxHeaderSize: MAX_ANSWER_HEADER_BYTES,
    });
    this.client.on('connect', () => {
      this.used = 0;
    });
  }
}

/** The connections to one instance. The one used last is used next, so that spare ones fall idle and close. */
export class Connections {
  readonly #origin: string;
  #timeouts: PoolDefinition['timeouts'];
  #idle: Connection[] = [];
  #keeping = true;

  constructor(host: string, port: number, timeouts: PoolDefinition['timeouts']) {
    this.#origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.#timeouts = timeouts;
  }

  take(): Connection {
    return this.#idle.pop() ?? this.fresh();
  }

  fresh(): Connection {
    const connection = new Connection(this.#origin, this.#timeouts);
    connection.client.on('disconnect', () => this.#forget(connection));
    return connection;
  }

  give(connection: Connection): void {
    if (this.#keeping && !connection.client.destroyed) this.#idle.push(connection);
    else close(connection);
  }

  /** Closes a connection whose request did not end well. */
  discard(connection: Connection): void {
    close(connection);
  }

  /** New connections have these timeouts; idle ones are closed. */
  setTimeouts(timeouts: PoolDefinition['timeouts']): void {
    this.#timeouts = timeouts;
    this.#closeIdle();
  }

  /** Whether connections are kept between requests: not for a server that drains or is out. */
  keep(keeping: boolean): void {
    this.#keeping = keeping;
    if (!keeping) this.#closeIdle();
  }

  #closeIdle(): void {
    for (const connection of this.#idle.splice(0)) close(connection);
  }

  #forget(connection: Connection): void {
    const index = this.#idle.indexOf(connection);
    if (index < 0) return;
    this.#idle.splice(index, 1);
    close(connection);
  }
}

function close(connection: Connection): void {
  if (connection.client.destroyed) return;
  connection.client.destroy().catch(() => {});
}
