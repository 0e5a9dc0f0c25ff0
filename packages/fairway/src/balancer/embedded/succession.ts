import { stat } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Keeper } from './keeper.ts';
import type { LiveRegistry } from './live-registry.ts';
import { SuccessorLink } from './successor-link.ts';

/** This process's last part: handing over to its successor, if there is one, and ending. */
export class Succession {
  readonly #keeper: Keeper;
  readonly #live: LiveRegistry;
  readonly #socketPath: string;
  readonly #log: Logger;
  #ownSocket: number | undefined;
  #link: SuccessorLink | undefined;
  #retiring = false;

  constructor(keeper: Keeper, live: LiveRegistry, socketPath: string, log: Logger) {
    this.#keeper = keeper;
    this.#live = live;
    this.#socketPath = socketPath;
    this.#log = log;
  }

  /** Remembers which socket at the path is ours. */
  async claim(): Promise<void> {
    this.#ownSocket = await this.#socketAtPath();
  }

  async handOver(socket: Duplex): Promise<void> {
    this.#link = await SuccessorLink.open(
      socket,
      this.#keeper,
      this.#live,
      () => void this.#successorLost(),
      this.#log,
    );
  }

  async retire(): Promise<void> {
    this.#retiring = true;
    if (!this.#keeper.frozen) await this.#keeper.freeze();
  }

  async end(): Promise<void> {
    await this.#link?.close();
  }

  /** A successor that ends before it has taken the control socket leaves everything to us, as if it had never come. */
  async #successorLost(): Promise<void> {
    if (this.#retiring || (await this.#socketAtPath()) !== this.#ownSocket) return;
    this.#link = undefined;
    this.#keeper.thaw();
    this.#live.lead();
    this.#log.warn('the process that was to take over is gone; going on here');
  }

  async #socketAtPath(): Promise<number | undefined> {
    return (await stat(this.#socketPath).catch(() => undefined))?.ino;
  }
}
