import type { ChildProcess } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CommandFailed, DeadlineMet, type SshError, SshUnusable } from './errors.ts';
import { shellWords } from './shell-words.ts';
import type { SshTarget } from './target.ts';

export interface CommandOptions {
  readonly deadlineMs: number;
  /** What the program reads from its standard input; nothing otherwise. */
  readonly input?: Readable | string;
  readonly signal?: AbortSignal;
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command needs of a connection. */
export interface CommandPlace {
  readonly target: SshTarget;
  spawn(command: readonly string[]): ChildProcess;
  lostBecause(written: string): Promise<SshError | undefined>;
}

/** ssh ends so for trouble of its own; but a program may end so as well. */
const SSH_EXIT_CODE = 255;

export async function runCommand(
  place: CommandPlace,
  command: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { name } = place.target;
  options.signal?.throwIfAborted();
  const child = place.spawn(command);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout!.on('data', (piece: Buffer) => stdout.push(piece));
  child.stderr!.on('data', (piece: Buffer) => stderr.push(piece));
  const input = options.input ?? '';
  // A program need not read its input to the end; how it ended is what counts.
  const feeding = pipeline(typeof input === 'string' ? Readable.from([input]) : input, child.stdin!).catch(
    () => undefined,
  );
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    leave(child);
  }, options.deadlineMs);
  const abort = () => leave(child);
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', (error) => reject(new SshUnusable(name, error.message, error)));
      child.once('close', (code) => resolve(code ?? SSH_EXIT_CODE));
    });
    await feeding;
    const text = Buffer.concat(stderr).toString();
    options.signal?.throwIfAborted();
    if (isLate) throw new DeadlineMet(name, shellWords(command), options.deadlineMs);
    const answer = Buffer.concat(stdout).toString();
    if (exitCode === 0) return { stdout: answer, stderr: text };
    const lost = exitCode === SSH_EXIT_CODE ? await place.lostBecause(text) : undefined;
    throw lost ?? new CommandFailed(name, shellWords(command), exitCode, text, answer);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
  }
}

/** The shared connection has our end of the pipes as well, so that they stay open after the client's end. */
function leave(child: ChildProcess): void {
  child.kill('SIGKILL');
  child.stdin!.destroy();
  child.stdout!.destroy();
  child.stderr!.destroy();
}
