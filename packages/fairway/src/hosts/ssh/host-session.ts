import type { SshConnection } from '../../ssh/connection.ts';
import { CommandFailed, DeadlineMet, HostUnreachable } from '../../ssh/errors.ts';
import type { SshSession } from '../../ssh/session.ts';
import { HOST_PROGRAM, type HostError, type HostMessage, PROTOCOL, type Verb } from './protocol.ts';
import { HostUnprepared } from './refusals.ts';

/** The host gives a sign of life every two seconds, however long its work takes. */
const SILENCE_LIMIT_MS = 10_000;
const GREETING_LIMIT_MS = 15_000;

/** The host answered a request with an error; the caller puts it into the port's words. */
export class HostAnsweredError extends Error {
  override readonly name = 'HostAnsweredError';
  readonly error: HostError;
  constructor(error: HostError) {
    super(error.message);
    this.error = error;
  }
}

export interface RequestOptions {
  readonly onEvent?: (event: never) => void;
  /** Asks the host to end the request; it answers all the same. */
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

interface Pending {
  readonly verb: Verb;
  readonly onEvent: ((event: never) => void) | undefined;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** A conversation with the host program over a connection: any number of requests at once. Ends with the connection. */
export class HostSession {
  readonly connection: SshConnection;
  readonly #session: SshSession;
  readonly #pending = new Map<number, Pending>();
  #count = 0;
  #lastSign = Date.now();
  #failure: Error | undefined;

  private constructor(connection: SshConnection, session: SshSession) {
    this.connection = connection;
    this.#session = session;
  }

  /** Starts the host program. Throws HostUnprepared when it is not there, not allowed, or of another version. */
  static async open(connection: SshConnection): Promise<HostSession> {
    const session = connection.session([...HOST_PROGRAM, 'session']);
    const opened = new HostSession(connection, session);
    await opened.#greeting();
    return opened;
  }

  /** Called once when the session has ended, with the reason. */
  onEnd: (error: Error) => void = () => undefined;

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  async request<Result>(verb: Verb, given: object, options: RequestOptions = {}): Promise<Result> {
    if (this.#failure) throw this.#failure;
    this.#count += 1;
    const id = this.#count;
    const answer = new Promise<Result>((resolve, reject) => {
      this.#pending.set(id, { verb, onEvent: options.onEvent, resolve, reject });
    });
    this.#session.send(JSON.stringify({ ...given, id, verb }));
    const cancel = () => this.#session.send(JSON.stringify({ id, verb: 'cancel' }));
    options.signal?.addEventListener('abort', cancel, { once: true });
    if (options.signal?.aborted) cancel();
    const timer =
      options.deadlineMs && setTimeout(() => this.#late(id, options.deadlineMs!), options.deadlineMs);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', cancel);
      this.#pending.delete(id);
    }
  }

  /** Ends the conversation, and the connection with it. */
  async close(): Promise<void> {
    this.#fail(new HostUnreachable(this.#name, 'closed', 'we ended the connection'));
    await this.connection.close();
  }

  get #name(): string {
    return this.connection.target.name;
  }

  async #greeting(): Promise<void> {
    const greeted = new Promise<void>((resolve, reject) => {
      void this.#listen(resolve).then(reject);
    });
    const timer = setTimeout(() => this.#fail(this.#silent(GREETING_LIMIT_MS)), GREETING_LIMIT_MS);
    try {
      await greeted;
    } finally {
      clearTimeout(timer);
    }
    const watchdog = setInterval(() => {
      if (Date.now() - this.#lastSign > SILENCE_LIMIT_MS) this.#fail(this.#silent(SILENCE_LIMIT_MS));
      if (this.#failure) clearInterval(watchdog);
    }, SILENCE_LIMIT_MS / 10);
    watchdog.unref();
  }

  /** Takes lines until there are no more; returns why. */
  async #listen(onGreeting: () => void): Promise<Error> {
    for await (const line of this.#session.lines) {
      this.#lastSign = Date.now();
      const message = parsed(line);
      if (message?.protocol === PROTOCOL) onGreeting();
      else if (message?.protocol !== undefined) this.#fail(this.#otherVersion(message.protocol));
      else if (message?.id !== undefined) this.#take(message.id, message);
    }
    this.#fail(this.#whyEnded(await this.#session.ended));
    return this.#failure!;
  }

  #take(id: number, message: HostMessage): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    if (message.error) pending.reject(new HostAnsweredError(message.error));
    else if ('event' in message) pending.onEvent?.(message.event as never);
    else pending.resolve(message.result as never);
  }

  #late(id: number, deadlineMs: number): void {
    const pending = this.#pending.get(id);
    pending?.reject(new DeadlineMet(this.#name, `fairway-host ${pending.verb}`, deadlineMs));
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#session.kill();
    for (const { reject } of this.#pending.values()) reject(error);
    this.onEnd(error);
    void this.connection.close();
  }

  #silent(limitMs: number): Error {
    return new DeadlineMet(this.#name, 'fairway-host session', limitMs);
  }

  #otherVersion(protocol: number): Error {
    return new HostUnprepared(
      this.#name,
      `its fairway-host speaks version ${protocol}, and ${PROTOCOL} is needed`,
    );
  }

  #whyEnded(error: Error | undefined): Error {
    if (error instanceof CommandFailed)
      return new HostUnprepared(this.#name, error.stderr.trim() || error.message);
    return error ?? new HostUnreachable(this.#name, this.connection.target.address, 'fairway-host ended');
  }
}

/** Whatever else a login shell may print is passed over. */
function parsed(line: string): HostMessage | undefined {
  try {
    return JSON.parse(line) as HostMessage;
  } catch {
    return undefined;
  }
}
