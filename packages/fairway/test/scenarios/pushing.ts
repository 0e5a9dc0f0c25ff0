import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { waitUntil } from '../support/wait-until.ts';
import type { Rehearsal } from './rehearsal.ts';

const PATIENCE_MS = 30_000;

/** A `git push` under way, as a person at a terminal has it: what it printed so far, and Ctrl-C. */
export class Pushing {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = '';

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.#ended = once(process, 'close');
    for (const stream of [process.stdout!, process.stderr!])
      stream.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
  }

  /** Begins to push what HEAD of the app's work tree is, or what `refspec` says. */
  static begin(production: Rehearsal, refspec = 'HEAD:production'): Pushing {
    const process = spawn('git', ['push', '--force', 'production', refspec], {
      cwd: production.workspace.app,
      env: { ...globalThis.process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, as a shell gives one to what is in the foreground.
      detached: true,
    });
    return new Pushing(process);
  }

  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Resolves when it has printed `text`. */
  async prints(text: string): Promise<void> {
    await waitUntil(
      `"${text}" in the push's output`,
      () => {
        if (this.#output.includes(text)) return true;
        if (this.hasEnded) throw new Error(`the push ended without "${text}":\n${this.#output}`);
        return false;
      },
      PATIENCE_MS,
    );
  }

  /** Ctrl-C reaches every process in the foreground: git and, on the same machine, the hook. */
  async pressCtrlC(): Promise<void> {
    process.kill(-this.#process.pid!, 'SIGINT');
    await this.#ended;
  }

  /** The person's own git alone dies, as when a connection breaks; what it had started still holds its output. */
  async breakConnection(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }

  /** Everything that it printed, once it has ended. */
  async end(): Promise<{ exitCode: number | null; output: string }> {
    await this.#ended;
    return { exitCode: this.#process.exitCode, output: this.#output };
  }
}
