import { setTimeout as delay } from 'node:timers/promises';
import { SshConnection } from '../../ssh/connection.ts';
import type { SshTarget } from '../../ssh/target.ts';
import { HostSession } from './host-session.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** Enough to connect again to a host whose sshd was only restarted. */
const PATIENCE_MS = 300;

/** The way to one host: connects when it is needed, and again when the connection was lost, ever more slowly. */
export class HostLink {
  readonly target: SshTarget;
  #session: HostSession | undefined;
  #connecting: Promise<HostSession> | undefined;
  #failure: Error | undefined;
  #failures = 0;
  #nextAttemptAt = 0;

  constructor(target: SshTarget) {
    this.target = target;
  }

  /** Why the host could not be reached last; undefined while it can, or before the first attempt. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** A session that is open. Throws the classes of `ssh/errors.ts`; between two attempts the reason of the last one. */
  async session(): Promise<HostSession> {
    if (this.#session?.isOpen) return this.#session;
    if (this.#connecting) return await this.#connecting;
    if (this.#failure && Date.now() < this.#nextAttemptAt) throw this.#failure;
    this.#connecting = this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return await this.#connecting;
  }

  /** As {@link session}, but does not wait long for a host that was gone when it was last heard of. */
  async sessionSoon(): Promise<HostSession> {
    const failure = this.#failure;
    const session = this.session();
    if (!failure) return await session;
    session.catch(() => undefined);
    const late = delay(PATIENCE_MS, undefined, { ref: false });
    const opened = await Promise.race([session, late]);
    if (opened) return opened;
    throw failure;
  }

  async close(): Promise<void> {
    const session = (await this.#connecting?.catch(() => undefined)) ?? this.#session;
    await session?.close();
    this.#session = undefined;
  }

  async #connect(): Promise<HostSession> {
    try {
      const connection = await SshConnection.open(this.target);
      this.#session = await HostSession.open(connection).catch(async (error: unknown) => {
        await connection.close();
        throw error;
      });
      this.#failure = undefined;
      this.#failures = 0;
      this.#session.onEnd = (reason) => {
        this.#failure = reason;
      };
      return this.#session;
    } catch (error) {
      this.#failure = error as Error;
      this.#failures += 1;
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS);
      this.#nextAttemptAt = Date.now() + pauseMs;
      throw error;
    }
  }
}
