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

export function collectBody(request: IncomingMessage, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
}

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/**
 * A visitor's body on its way to an instance. Whoever reads it may destroy it without hurting the visitor's
 * connection, over which an error is still to be told.
 */
export class StreamedBody extends Readable {
  readonly #request: IncomingMessage;
  #started = false;
  #allowedBytes: number;

  constructor(request: IncomingMessage, maxBytes: number) {
    super({ highWaterMark: COLLECTED_BYTES });
    this.#request = request;
    this.#allowedBytes = maxBytes;
    // Its reader learns of an error and may be gone by then; a stream without a listener would end the process.
    this.on('error', () => {});
  }

  get started(): boolean {
    return this.#started;
  }

  override _read(): void {
    if (!this.#started) this.#start();
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
    if (this.#allowedBytes < 0) this.destroy(new BodyTooLarge());
    else if (!this.push(chunk)) this.#request.pause();
  };

  #onEnd = (): void => {
    this.push(null);
  };

  #onClose = (): void => {
    if (!this.#request.complete) this.destroy(new Error('the visitor left'));
  };
}
