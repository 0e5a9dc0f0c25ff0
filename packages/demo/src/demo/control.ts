import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { FAIRWAY, type Workspace } from './workspace.ts';

/** A running `fairway serve`, in a process of its own as in real life. */
export class ControlServer {
  readonly #workspace: Workspace;
  readonly #process: ChildProcess;
  #output = '';

  private constructor(workspace: Workspace, environment: NodeJS.ProcessEnv) {
    this.#workspace = workspace;
    this.#process = spawn(process.execPath, [FAIRWAY, 'serve', ...options(workspace)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    for (const stream of [this.#process.stdout!, this.#process.stderr!])
      stream.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-20_000);
      });
  }

  /** Resolves when it answers. `environment` is added to this process's own. */
  static async start(workspace: Workspace, environment: NodeJS.ProcessEnv = {}): Promise<ControlServer> {
    const server = new ControlServer(workspace, environment);
    await server.#ready();
    return server;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** What it has printed, the last of it. */
  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.hasEnded) return;
    this.#process.kill(signal);
    await once(this.#process, 'exit');
  }

  async #ready(): Promise<void> {
    const deadline = performance.now() + 20_000;
    while (!(await this.#answers())) {
      if (this.hasEnded) throw new Error(`fairway serve ended:\n${this.#output}`);
      if (performance.now() > deadline) throw new Error(`fairway serve does not answer:\n${this.#output}`);
      await delay(25);
    }
  }

  async #answers(): Promise<boolean> {
    try {
      const file = await readFile(join(this.#workspace.state, 'server.json'), 'utf8');
      const { url, pid } = JSON.parse(file) as { url: string; pid: number };
      return pid === this.pid && (await fetch(new URL('/healthz', url))).ok;
    } catch {
      return false;
    }
  }
}

/** Runs a fairway command as an operator would; its output and exit code, never a throw. */
export async function fairway(workspace: Workspace, command: readonly string[]) {
  const { stdout, stderr, exitCode } = await execa(
    process.execPath,
    [FAIRWAY, ...command, ...options(workspace)],
    // In a group of its own: Ctrl-C on the demo must not end the command that cleans up after it.
    { reject: false, env: { NO_COLOR: '1' }, detached: true },
  );
  return { stdout, stderr, exitCode };
}

/** Stops instances, balancer and supervisor: nothing of the workspace runs afterwards. */
export async function takeDown(workspace: Workspace): Promise<void> {
  const { exitCode, stderr } = await fairway(workspace, ['down', '--yes']);
  if (exitCode !== 0) throw new Error(`fairway down failed: ${stderr}`);
}

function options(workspace: Workspace): readonly string[] {
  return ['--config', workspace.config, '--state', workspace.state];
}
