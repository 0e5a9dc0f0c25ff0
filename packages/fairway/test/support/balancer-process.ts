import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EmbeddedBalancer, embeddedBalancer } from '../../src/balancer/embedded/client.ts';
import { bindSocket, type ListeningSocket } from '../../src/hosts/local/supervisor/listening-socket.ts';
import { waitUntil } from './wait-until.ts';

const program = fileURLToPath(new URL('../../dist/balancer/embedded/main.js', import.meta.url));

/** Balancer processes on one listening socket that the test holds, as the supervisor does. */
export class BalancerProcesses {
  readonly stateDirectory: string;
  readonly socketPath: string;
  readonly balancer: EmbeddedBalancer;
  readonly #socket: ListeningSocket;
  readonly #children: ChildProcess[] = [];
  log = '';

  private constructor(stateDirectory: string, socket: ListeningSocket) {
    this.stateDirectory = stateDirectory;
    this.socketPath = join(stateDirectory, 'balancer.sock');
    this.balancer = embeddedBalancer({ socketPath: this.socketPath });
    this.#socket = socket;
  }

  static async open(): Promise<BalancerProcesses> {
    const stateDirectory = await mkdtemp(join(tmpdir(), 'fairway-balancer-'));
    return new BalancerProcesses(join(stateDirectory, 'balancer'), await bindSocket('127.0.0.1', 0));
  }

  get port(): number {
    return this.#socket.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts a process and waits until it is the one that answers. */
  async start(...options: string[]): Promise<ChildProcess> {
    const child = this.spawn(this.#socket.fd, ...options);
    await waitUntil('the balancer is ready', async () => {
      if (child.exitCode !== null) throw new Error(`the balancer ended: ${this.log}`);
      const ready = await this.balancer.ready().catch(() => undefined);
      return ready?.pid === child.pid;
    });
    return child;
  }

  spawn(fd: number, ...options: string[]): ChildProcess {
    const args = [program, '--state', this.stateDirectory, '--socket', this.socketPath, '--listen-fd', '3'];
    const child = spawn(process.execPath, [...args, ...options], { stdio: ['ignore', 'ignore', 'pipe', fd] });
    child.stderr!.on('data', (text) => {
      this.log += text;
    });
    this.#children.push(child);
    return child;
  }

  /** Another process on the same socket, whose standard error goes to a file descriptor. */
  spawnSilent(stderr: number): ChildProcess {
    const args = [program, '--state', this.stateDirectory, '--socket', this.socketPath, '--listen-fd', '3'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', stderr, this.#socket.fd] });
    this.#children.push(child);
    return child;
  }

  /** Ends everything that was started. */
  async close(): Promise<void> {
    await Promise.all(this.#children.map((child) => kill(child)));
    this.#socket.close();
    await rm(join(this.stateDirectory, '..'), { recursive: true, force: true });
  }
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** The exit code of a process that was told to end; a signal's name if it ended by one. */
export async function ending(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? child.signalCode;
}
