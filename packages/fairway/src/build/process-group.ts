import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { lineCutter } from './output.ts';

/** From SIGTERM to SIGKILL when a command must end. */
const GRACE_MS = 3_000;

/** Marks every process of a build, whatever session or group it moves to. */
export const BUILD_MARK = 'FAIRWAY_BUILD';

export interface GroupOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Ends the command with everything it started. */
  readonly signal: AbortSignal;
  onLine(line: string): void;
}

export interface GroupEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Runs a command in a process group (and session, so without a terminal to ask on) of its own, and gives its output
 * line by line. Resolves when it has ended and nothing of its group is left. Rejects only when it cannot be started.
 */
export async function runGroup(command: readonly string[], options: GroupOptions): Promise<GroupEnd> {
  const [program, ...words] = command;
  const child = spawn(program!, words, {
    cwd: options.directory,
    env: options.environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    const cutter = lineCutter((line) => options.onLine(line));
    stream
      .setEncoding('utf8')
      .on('data', (chunk: string) => cutter.write(chunk))
      .on('end', () => cutter.end());
  }
  const closed = once(child, 'close').catch(() => undefined);
  let killTimer: NodeJS.Timeout | undefined;
  const end = () => {
    signalGroup(child.pid, 'SIGTERM');
    killTimer = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), GRACE_MS);
  };
  try {
    await once(child, 'spawn');
    if (options.signal.aborted) end();
    else options.signal.addEventListener('abort', end, { once: true });
    const exited = child.exitCode !== null || child.signalCode !== null;
    if (!exited) await once(child, 'exit');
    // What it left in the background would hold its output open, and go on beside the next step.
    signalGroup(child.pid, 'SIGKILL');
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 500).unref())]);
    return { exitCode: child.exitCode, signal: child.signalCode };
  } finally {
    clearTimeout(killTimer);
    options.signal.removeEventListener('abort', end);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Gone already; macOS says EPERM when only zombies are left.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

/**
 * Ends what a build left running outside of its process groups: everything that carries its mark in the environment.
 * Where there is no `/proc` (macOS) the groups have to do.
 */
export async function endMarked(mark: string): Promise<void> {
  const processes = await readdir('/proc').catch(() => []);
  for (const pid of processes.filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (!environment.split('\0').includes(`${BUILD_MARK}=${mark}`)) continue;
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}
