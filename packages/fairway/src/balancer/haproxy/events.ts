import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { HaproxyNode } from './node.ts';

const TRY_AGAIN_AFTER_MS = 100;
/** A worker that was replaced ends only when nobody listens to it any more; until then its last lines may come. */
const LISTEN_TO_FORMER_MS = 1_000;

/** Reads what the workers of a HAProxy log, as it is written, from now on. */
export class Events {
  readonly #node: HaproxyNode;
  readonly #onLine: (line: string) => void;
  #stream: Duplex | undefined;
  #closed = false;
  #listening: Promise<void> | undefined;

  constructor(node: HaproxyNode, onLine: (line: string) => void) {
    this.#node = node;
    this.#onLine = onLine;
  }

  /** Resolves when the present worker's lines are read, or it turned out that they cannot be just now. */
  async start(): Promise<void> {
    this.#listening ??= this.#connect(true);
    await this.#listening;
  }

  /** Another worker serves: its lines come from another connection. */
  async follow(): Promise<void> {
    const former = this.#stream;
    this.#stream = undefined;
    if (former) setTimeout(() => former.destroy(), LISTEN_TO_FORMER_MS).unref();
    this.#listening = this.#connect(false);
    await this.#listening;
  }

  close(): void {
    this.#closed = true;
    this.#stream?.destroy();
  }

  /** A new worker's lines are all ours; of one that ran before us, those from now on. */
  async #connect(fromNow: boolean): Promise<void> {
    const stream = await this.#node.openEvents().catch(() => undefined);
    if (this.#closed || !stream) {
      stream?.destroy();
      this.#listening = undefined;
      return;
    }
    this.#stream = stream;
    stream.on('error', () => {});
    stream.on('close', () => {
      if (this.#closed || this.#stream !== stream) return;
      this.#stream = undefined;
      this.#listening = delay(TRY_AGAIN_AFTER_MS).then(() =>
        this.#closed ? undefined : this.#connect(false),
      );
    });
    const lines = createInterface({ input: stream });
    lines.on('line', this.#onLine);
    lines.on('error', () => {});
    stream.write(`show events fairway -w${fromNow ? ' -n' : ''}\n`);
  }
}
