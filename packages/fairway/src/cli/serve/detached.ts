import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ServePlace } from './foreground.ts';
import { runningServer } from './running.ts';
import { makeStateDirectory } from './state-directory.ts';

const READY_TIMEOUT_MS = 60_000;
const LOOK_AGAIN_MS = 100;
const TAIL_BYTES = 4000;

/** The server did not come up. Its last words are in the message. */
export class NotStarted extends Error {
  override readonly name = 'NotStarted';
  readonly code = 'not-started';
  readonly hint: string;
  constructor(fact: string, log: string, tail: string) {
    super(`The control server did not start: ${fact}${tail === '' ? '' : `\n${tail}`}`);
    this.hint = `see ${log}, or run it in this terminal: fairway serve`;
  }
}

/** Starts the server in a session of its own and resolves to its pid once it answers. Throws {@link NotStarted}. */
export async function startDetached({ configFile, stateDirectory, log }: ServePlace): Promise<number> {
  const file = log ?? `${stateDirectory}/serve.log`;
  makeStateDirectory(stateDirectory);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const output = openSync(file, 'a', 0o600);
  const before = statSync(file).size;
  const program = fileURLToPath(new URL('../../../bin/fairway.js', import.meta.url));
  const child = spawn(
    process.execPath,
    [program, '--config', configFile, '--state', stateDirectory, '--no-color', 'serve', '--log', file],
    { detached: true, stdio: ['ignore', output, output], cwd: '/' },
  );
  closeSync(output);
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = signal ? `it was ended by ${signal}` : `it ended with exit code ${code}`;
  });
  child.unref();
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if (ended !== undefined) throw new NotStarted(ended, file, await lastWords(file, before));
    const server = await runningServer(stateDirectory);
    if (server?.pid === child.pid) return server!.pid;
    await pause(LOOK_AGAIN_MS);
  }
  child.kill('SIGTERM');
  const fact = `it did not answer within ${READY_TIMEOUT_MS / 1000} s`;
  throw new NotStarted(fact, file, await lastWords(file, before));
}

/** What was written to the log since; only its end if that is long. */
async function lastWords(file: string, from: number): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const start = Math.max(from, size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, start);
    return buffer.toString('utf8', 0, bytesRead).trim();
  } finally {
    await handle.close();
  }
}
