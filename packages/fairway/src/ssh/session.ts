import type { ChildProcess } from 'node:child_process';
import { EventQueue } from '../hosts/event-queue.ts';
import { LineSplitter } from '../hosts/local/supervisor/line-splitter.ts';
import { CommandFailed, type SshError, SshUnusable } from './errors.ts';
import { shellWords } from './shell-words.ts';
import type { SshTarget } from './target.ts';

interface SessionPlace {
  readonly target: SshTarget;
  lostBecause(written: string): Promise<SshError | undefined>;
}

/** A program on a host that is spoken to line by line for as long as it runs. */
export class SshSession {
  /** What the program writes to its standard output. Ends with it. */
  readonly lines: AsyncIterable<string>;
  /** Resolves when the program has ended: with nothing when it ended well, or with the reason. Never rejects. */
  readonly ended: Promise<SshError | undefined>;
  readonly #child: ChildProcess;

  constructor(place: SessionPlace, child: ChildProcess, command: readonly string[]) {
    const lines = new EventQueue<string>();
    const splitter = new LineSplitter(Number.MAX_SAFE_INTEGER);
    this.lines = lines;
    this.#child = child;
    child.stdin!.on('error', () => undefined);
    child.stdout!.on('data', (piece: Buffer) => {
      for (const line of splitter.push(piece)) lines.push(line);
    });
    let written = '';
    child.stderr!.setEncoding('utf8').on('data', (piece: string) => {
      written = (written + piece).slice(-8_000);
    });
    this.ended = new Promise<SshError | undefined>((resolve) => {
      const { name } = place.target;
      child.once('error', (error) => resolve(new SshUnusable(name, error.message, error)));
      child.once('close', (code) => {
        if (code === 0) return resolve(undefined);
        void place.lostBecause(written).then((lost) => {
          resolve(lost ?? new CommandFailed(name, shellWords(command), code ?? 255, written));
        });
      });
    }).finally(() => {
      for (const line of splitter.end()) lines.push(line);
      lines.end();
    });
  }

  send(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  /** Closes the program's standard input, and waits until it has ended. */
  async end(): Promise<void> {
    this.#child.stdin!.end();
    await this.ended;
  }

  /** Leaves the program at once. */
  kill(): void {
    this.#child.kill('SIGTERM');
  }
}
