import { Client } from 'undici';
import type { PoolDefinition } from '../balancer.ts';
import { isClosing } from './failure.ts';
import { IdleTrust } from './idle-trust.ts';

/**
 * An instance that closes idle connections while a request is on its way loses that request. So a connection is given
 * up this long before the instance says that it will (`Keep-Alive: timeout=…`) …
 */
const CLOSE_BEFORE_HINT_MS = 2000;
/** … and after this time when the instance says nothing: shorter than any common server's default. */
const IDLE_WITHOUT_HINT_MS = 1000;
const IDLE_MAX_MS = 60_000;
const MAX_ANSWER_HEADER_BYTES = 65_536;
/** Requests that want fresh connections leave them behind; without a limit, as many as there are requests in a second. */
const MAX_IDLE_UNPROVEN = 16;

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
  readonly #trust = new IdleTrust();
  #timeouts: PoolDefinition['timeouts'];
  #idle: Connection[] = [];
  /** Left alone to see who gives it up first. */
  #onTrial: Connection | undefined;
  #keeping = true;

  constructor(host: string, port: number, timeouts: PoolDefinition['timeouts']) {
    this.#origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.#timeouts = timeouts;
  }

  /** For a request that can be sent again when the connection turns out to be dead, or for one that cannot. */
  take(repeatable: boolean): Connection {
    if (!repeatable && !this.#trust.earned) return this.fresh();
    return this.#idle.pop() ?? this.fresh();
  }

  fresh(): Connection {
    const connection = new Connection(this.#origin, this.#timeouts);
    connection.client.on('disconnect', (_origin, _targets, error) => this.#closed(connection, error));
    return connection;
  }

  /** Takes a connection back after a whole answer, which said or did not say how long the instance keeps it. */
  give(connection: Connection, announced: boolean): void {
    if (!this.#keeping || connection.client.destroyed) {
      close(connection);
      return;
    }
    if (!this.#trust.earned) {
      if (announced) this.#trust.earn();
      else if (this.#onTrial === undefined && this.#trust.wantsProof) {
        this.#onTrial = connection;
        return;
      }
      if (!this.#trust.earned && this.#idle.length >= MAX_IDLE_UNPROVEN) {
        close(connection);
        return;
      }
    }
    this.#idle.push(connection);
  }

  /** Closes a connection whose request did not end well. */
  discard(connection: Connection): void {
    close(connection);
  }

  /** A request on a kept connection met the instance's closing. */
  closedBySurprise(): void {
    this.#trust.lose();
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
    const idle = this.#idle.splice(0);
    if (this.#onTrial) idle.push(this.#onTrial);
    this.#onTrial = undefined;
    for (const connection of idle) close(connection);
  }

  /** Nothing was under way on it: either side gave it up. */
  #closed(connection: Connection, error: Error): void {
    const wasOnTrial = connection === this.#onTrial;
    const index = wasOnTrial ? -1 : this.#idle.indexOf(connection);
    if (!wasOnTrial && index < 0) return;
    if (wasOnTrial) this.#onTrial = undefined;
    else this.#idle.splice(index, 1);
    if (isClosing(error)) this.#trust.lose();
    else if (wasOnTrial && isOurTimeout(error)) this.#trust.earn();
    close(connection);
  }
}

/** Undici's words for a connection that it closed after its idle time; an answer's `Connection: close` is a `reset`. */
function isOurTimeout(error: Error): boolean {
  return error.message === 'socket idle timeout';
}

function close(connection: Connection): void {
  if (connection.client.destroyed) return;
  connection.client.destroy().catch(() => {});
}
