import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { type CommandOptions, type CommandResult, runCommand } from './command.ts';
import { connectionFailure, destinationOf } from './connection-failure.ts';
import { DeadlineMet, HostUnreachable, type SshError, SshUnusable } from './errors.ts';
import { SshSession } from './session.ts';
import { shellWords } from './shell-words.ts';
import { CONNECT_TIMEOUT_SECONDS, type SshTarget, sshArguments } from './target.ts';

/** ssh's own timeout leaves out what comes after the key exchange. */
const OPEN_TIMEOUT_MS = (CONNECT_TIMEOUT_SECONDS + 5) * 1000;
// Of an option that is given twice ssh takes the first.
/** The connection ends with the ssh that made it. */
const FOREGROUND = ['-o', 'ControlPersist=no'];
/** Use the connection that is there. */
const SHARING = ['-o', 'ControlMaster=no'];
const FORWARD_TIMEOUT_MS = 5_000;
const UPLOAD_TIMEOUT_MS = 120_000;

/**
 * One connection to one host, shared by everything that is run over it. It is held by an ssh of its own that runs
 * `cat` on the host, so it ends with this process, however that ends. It does not come back by itself: a new one is opened.
 */
export class SshConnection {
  readonly target: SshTarget;
  /** Resolves with the reason when the connection is gone; never rejects. */
  readonly lost: Promise<SshError>;
  readonly #keeper: ChildProcess;
  #isOpen = true;

  private constructor(target: SshTarget, keeper: ChildProcess, lost: Promise<SshError>) {
    this.target = target;
    this.#keeper = keeper;
    this.lost = lost;
    void lost.then(() => {
      this.#isOpen = false;
    });
  }

  /** Connects and waits until a program on the host has answered. Throws one of the classes of `errors.ts`. */
  static async open(target: SshTarget, timeoutMs = OPEN_TIMEOUT_MS): Promise<SshConnection> {
    const options = [...FOREGROUND, ...sshArguments(target)];
    const keeper = spawn('ssh', [...options, '-T', '--', target.address, 'exec cat'], { stdio: 'pipe' });
    let written = '';
    keeper.stderr.setEncoding('utf8').on('data', (piece: string) => {
      written = (written + piece).slice(-8_000);
    });
    keeper.stdin.on('error', () => undefined);
    keeper.stdin.write('ready\n');
    const lost = new Promise<SshError>((resolve) => {
      keeper.once('error', (error) => resolve(new SshUnusable(target.name, error.message, error)));
      keeper.once('close', () => resolve(connectionFailure(target, written)));
    });
    const answered = new Promise<undefined>((resolve) => {
      keeper.stdout.once('data', () => resolve(undefined));
    });
    const failure = await before(timeoutMs, Promise.race([answered, lost]));
    if (failure === undefined) return new SshConnection(target, keeper, lost);
    keeper.kill('SIGKILL');
    if (failure !== 'late') throw failure;
    throw new DeadlineMet(target.name, `connect to ${destinationOf(target)}`, timeoutMs);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Runs a program on the host with exactly these arguments, and gives what it wrote. Throws CommandFailed when it ended
   * with another exit code than 0, DeadlineMet when it did not end in time, HostUnreachable when the connection broke.
   */
  run(command: readonly string[], options: CommandOptions): Promise<CommandResult> {
    return runCommand(this, command, options);
  }

  /** Starts a program that is spoken to line by line. */
  session(command: readonly string[]): SshSession {
    return new SshSession(this, this.spawn(command), command);
  }

  /** A client of the shared connection; for the neighbours of this class. */
  spawn(command: readonly string[]): ChildProcess {
    if (!this.#isOpen)
      throw new HostUnreachable(this.target.name, destinationOf(this.target), 'the connection is closed');
    return spawn('ssh', [...this.#sharing(), '-T', '--', this.target.address, shellWords(command)], {
      stdio: 'pipe',
    });
  }

  /** Makes a unix socket of the host reachable at a path of this machine, until the connection ends or `close` is called. */
  async forward(local: string, remote: string): Promise<{ close(): Promise<void> }> {
    await this.#control('forward', ['-L', `${local}:${remote}`]);
    return { close: () => this.#control('cancel', ['-L', `${local}:${remote}`]) };
  }

  /** Writes a file of the host that the user may write, atomically: beside it first, then renamed. */
  async upload(content: Readable | string, path: string, deadlineMs = UPLOAD_TIMEOUT_MS): Promise<void> {
    const partial = `${path}.${process.pid}.part`;
    const deadline = { deadlineMs };
    await this.run(['dd', `of=${partial}`, 'bs=64k', 'conv=fsync', 'status=none'], {
      ...deadline,
      input: content,
    });
    await this.run(['mv', '-f', '--', partial, path], deadline);
  }

  uploadFile(file: string, path: string, deadlineMs = UPLOAD_TIMEOUT_MS): Promise<void> {
    return this.upload(createReadStream(file), path, deadlineMs);
  }

  /** Why a client of this connection ended with 255, if it was for the connection. */
  async lostBecause(written: string): Promise<SshError | undefined> {
    if (this.#isOpen && (await this.#isAlive())) return undefined;
    const { name } = this.target;
    return this.#isOpen
      ? new HostUnreachable(name, destinationOf(this.target), written.trim() || 'the connection broke')
      : await this.lost;
  }

  /** Ends the connection and everything that runs over it. */
  async close(): Promise<void> {
    this.#keeper.kill('SIGTERM');
    await this.lost;
  }

  async #isAlive(): Promise<boolean> {
    return this.#control('check', []).then(
      () => true,
      () => false,
    );
  }

  async #control(verb: 'check' | 'forward' | 'cancel', options: readonly string[]): Promise<void> {
    const child = spawn('ssh', [...this.#sharing(), '-O', verb, ...options, '--', this.target.address], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let written = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      written += piece;
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const code = await before(FORWARD_TIMEOUT_MS, ended);
    if (code === 0) return;
    child.kill('SIGKILL');
    if (code === 'late') throw new DeadlineMet(this.target.name, `ssh -O ${verb}`, FORWARD_TIMEOUT_MS);
    throw new HostUnreachable(this.target.name, destinationOf(this.target), written.trim());
  }

  #sharing(): string[] {
    return [...SHARING, ...sshArguments(this.target)];
  }
}

async function before<Value>(timeoutMs: number, value: Promise<Value>): Promise<Value | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, 'late');
  });
  return await Promise.race([value, late]).finally(() => clearTimeout(timer));
}
