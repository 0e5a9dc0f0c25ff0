import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/**
 * Bodies up to this size are read whole before an instance is bothered: a slow sender occupies none, and a request
 * whose connection fails can be sent again.
 */
const COLLECTED_BYTES = 65_536;

export type BodyKind = 'none' | 'collected' | 'streamed';

export function bodyKind(request: IncomingMessage): BodyKind {
  const { headers } = request;
  if (headers['transfer-encoding'] !== undefined) return 'streamed';
  const length = headers['content-length'];
  if (length === undefined || length === '0') return 'none';
  return Number(length) <= COLLECTED_BYTES ? 'collected' : 'streamed';
}

interface Collecting {
  /** 0 means for ever. */
  readonly idleMs: number;
  readonly done: (body: Buffer) => void;
  /** Called instead of `done` when nothing more has come for `idleMs`. */
  readonly onStall: () => void;
}

/** A body that came in one piece with its head is at hand as soon as the parser is done: most small ones are. */
export function collectBody(request: IncomingMessage, collecting: Collecting): void {
  process.nextTick(collectWhatIsThere, request, collecting);
}

function collectWhatIsThere(request: IncomingMessage, collecting: Collecting): void {
  const first = request.read() as Buffer | null;
  if (first !== null && first.length === Number(request.headers['content-length'])) collecting.done(first);
  else collectTheRest(request, first === null ? [] : [first], collecting);
}

function collectTheRest(
  request: IncomingMessage,
  chunks: Buffer[],
  { idleMs, done, onStall }: Collecting,
): void {
  const timer = idleMs > 0 ? setTimeout(onStall, idleMs) : undefined;
  const clear = () => clearTimeout(timer);
  request.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    timer?.refresh();
  });
  request.on('close', clear);
  request.on('end', () => {
    clear();
    done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
  });
}

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/** The visitor sends no more of it. */
export class BodyStalled extends Error {
  override readonly name = 'BodyStalled';
}

/**
 * A visitor's body on its way to an instance. Whoever reads it may destroy it without hurting the visitor's
 * connection, over which an error is still to be told.
 */
export class StreamedBody extends Readable {
  readonly #request: IncomingMessage;
  readonly #onMove: (waitingFor: 'visitor' | 'instance') => void;
  #started = false;
  #allowedBytes: number;

  /** `onMove` is told whenever a part has come or gone, and who is waited for then. */
  constructor(
    request: IncomingMessage,
    maxBytes: number,
    onMove: (waitingFor: 'visitor' | 'instance') => void,
  ) {
    super({ highWaterMark: COLLECTED_BYTES });
    this.#request = request;
    this.#onMove = onMove;
    this.#allowedBytes = maxBytes;
    // Its reader learns of an error and may be gone by then; a stream without a listener would end the process.
    this.on('error', () => {});
  }

  override _read(): void {
    if (!this.#started) this.#start();
    this.#onMove('visitor');
    this.#request.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#request.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    callback(error);
  }

  #start(): void {
    this.#started = true;
    this.#request.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose);
  }

  #onData = (chunk: Buffer): void => {
    this.#allowedBytes -= chunk.length;
    if (this.#allowedBytes < 0) {
      this.destroy(new BodyTooLarge());
      return;
    }
    const wantsMore = this.push(chunk);
    if (!wantsMore) this.#request.pause();
    this.#onMove(wantsMore ? 'visitor' : 'instance');
  };

  #onEnd = (): void => {
    this.push(null);
    this.#onMove('instance');
  };

  #onClose = (): void => {
    if (!this.#request.complete) this.destroy(new Error('the visitor left'));
  };
}
