import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { LineSplitter } from './line-splitter.ts';
import { openIfThere, readTail } from './log-tail.ts';

const chunkBytes = 256 * 1024;
const followPollMs = 100;
/** A reader that is so far behind waits for the rest until it has caught up. */
const mostQueuedLines = 10_000;

/** The log of one slot: a file that instances append to by themselves, and the older files that were set aside. */
export class SlotLog {
  readonly #file: string;
  readonly #followers = new Set<Follower>();

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * The last lines, then, when `follow`, every later one until the signal aborts; none twice, none left out. `begin`: what
   * lies before that byte is not told; it is taken for outdated once the file has been set aside since.
   */
  async *read(
    query: { lines: number; follow: boolean; begin?: number },
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    // The instance goes on writing: the tail ends, and the follower begins, at one and the same place.
    const sizeBytes = sizeOf(this.#file);
    const splitter = new LineSplitter();
    const follower = new Follower(this.#file, sizeBytes, splitter);
    const { lines, begin } = query;
    const isWhole = begin === undefined || begin > sizeBytes;
    const files = isWhole ? this.#filesOldestFirst() : [this.#file];
    const tail = splitter.push(readTail(files, { from: isWhole ? 0 : begin, to: sizeBytes }, lines));
    if (!query.follow) {
      yield* [...tail, ...splitter.end()];
      return;
    }
    this.#followers.add(follower);
    try {
      yield* tail;
      while (!signal.aborted) {
        follower.readOn();
        yield* follower.takeLines();
        await pause(followPollMs, signal);
      }
    } finally {
      this.#followers.delete(follower);
    }
  }

  /**
   * Sets the file aside once it is larger than `maxBytes`, by copying and truncating, because the instances hold it
   * open. A line that is written in the microseconds between the end of the copy and the truncation is lost.
   */
  rotate(maxBytes: number, keep: number): void {
    if (sizeOf(this.#file) <= maxBytes) return;
    const aside = `${this.#file}.next`;
    if (existsSync(aside)) this.#shift(keep, aside);
    copyFileSync(this.#file, aside);
    this.#moveRest(aside);
    for (const follower of this.#followers) follower.finish(aside);
    this.#shift(keep, aside);
  }

  /** Appends to `aside` what was written since it was copied, then empties the file at once. */
  #moveRest(aside: string): void {
    const from = openSync(this.#file, 'r+');
    const to = openSync(aside, 'a');
    const chunk = Buffer.alloc(chunkBytes);
    let offset = fstatSync(to).size;
    for (;;) {
      const count = readSync(from, chunk, 0, chunk.length, offset);
      if (count === 0) break;
      writeSync(to, chunk, 0, count);
      offset += count;
    }
    ftruncateSync(from, 0);
    closeSync(from);
    closeSync(to);
  }

  #shift(keep: number, aside: string): void {
    for (let number = Math.max(keep, 1); existsSync(this.#aged(number)); number += 1)
      rmSync(this.#aged(number));
    for (let number = keep - 1; number >= 1; number -= 1) {
      if (existsSync(this.#aged(number))) renameSync(this.#aged(number), this.#aged(number + 1));
    }
    if (keep === 0) rmSync(aside);
    else renameSync(aside, this.#aged(1));
  }

  #filesOldestFirst(): readonly string[] {
    const files = [this.#file];
    for (let number = 1; existsSync(this.#aged(number)); number += 1) files.unshift(this.#aged(number));
    return files;
  }

  #aged(number: number): string {
    return `${this.#file}.${number}`;
  }
}

class Follower {
  readonly #file: string;
  readonly #splitter: LineSplitter;
  #offset: number;
  #lines: string[] = [];

  constructor(file: string, offset: number, splitter: LineSplitter) {
    this.#file = file;
    this.#offset = offset;
    this.#splitter = splitter;
  }

  readOn(): void {
    if (this.#lines.length < mostQueuedLines) this.#readFrom(this.#file, mostQueuedLines);
  }

  takeLines(): string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  /** The file was set aside as `aside` and begins anew. */
  finish(aside: string): void {
    this.#readFrom(aside, Number.POSITIVE_INFINITY);
    this.#offset = 0;
  }

  #readFrom(file: string, mostLines: number): void {
    const descriptor = openIfThere(file);
    if (descriptor === undefined) return;
    const chunk = Buffer.alloc(chunkBytes);
    try {
      while (this.#lines.length < mostLines) {
        const count = readSync(descriptor, chunk, 0, chunk.length, this.#offset);
        if (count === 0) return;
        this.#offset += count;
        for (const line of this.#splitter.push(chunk.subarray(0, count))) this.#lines.push(line);
      }
    } finally {
      closeSync(descriptor);
    }
  }
}

/** In bytes; 0 where there is none. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
