import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { LineSplitter } from '../hosts/local/supervisor/line-splitter.ts';
import { endGroup } from '../hosts/local/supervisor/process-group.ts';

export interface AnsibleProcess {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Ends it with all that it started. */
  readonly signal: AbortSignal;
  onLine(line: string): void;
}

/** From SIGTERM to SIGKILL: time to end its connections. */
const GRACE_MS = 5_000;
/** Descriptor that stays open as long as this process lives. */
const LIFELINE = 3;

/**
 * Runs Ansible in a group of its own, without a terminal to ask on. Resolves to its exit code. When this process is
 * killed, `fairway_events` notices that the last descriptor has closed, and ends the group.
 */
export async function runAnsible(command: readonly string[], options: AnsibleProcess): Promise<number> {
  const [program, ...words] = command;
  const child = spawn(program!, words, {
    cwd: options.directory,
    env: { ...options.environment, FAIRWAY_LIFELINE: `${LIFELINE}` },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const end = () => {
    if (child.pid !== undefined) void endGroup(child.pid, GRACE_MS);
  };
  options.signal.addEventListener('abort', end, { once: true });
  try {
    const closed = once(child, 'close');
    // A whole file may be in a line: the difference of it.
    for (const stream of [child.stdout!, child.stderr!]) forEachLine(stream, options.onLine);
    const [exitCode] = (await closed) as [number | null];
    return exitCode ?? 1;
  } finally {
    options.signal.removeEventListener('abort', end);
  }
}

function forEachLine(stream: Readable, onLine: (line: string) => void): void {
  const splitter = new LineSplitter(Number.MAX_SAFE_INTEGER);
  stream.on('data', (piece: Buffer) => {
    for (const line of splitter.push(piece)) onLine(line);
  });
  stream.on('end', () => {
    for (const line of splitter.end()) onLine(line);
  });
}
