import { type SpawnOptions, spawn } from 'node:child_process';
import { exitReason, startFailure } from './exit-reason.ts';
import { findProcess } from './process-table.ts';

/** A process that can be found again by a later supervisor. */
export interface ProcessReference {
  readonly pid: number;
  /** See {@link ProcessEntry.identity}. */
  readonly identity: string;
  /** Unix time, ms. */
  readonly startedAt: number;
}

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What became of an attempt to start a program: `reference` is absent when it could not be started at all. */
export interface SupervisedProcess {
  readonly reference: ProcessReference | undefined;
  /** Resolves when the process has ended, with the way it did in words; never rejects. */
  readonly ended: Promise<string>;
}

/** Starts a program as the leader of a session and group of its own, so that nothing that happens to us reaches it. */
export function startProcess(program: Program, stdio: SpawnOptions['stdio']): SupervisedProcess {
  const startedAt = Date.now();
  const child = spawn(program.file, program.args, {
    cwd: program.cwd,
    env: program.env,
    detached: true,
    stdio,
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(startFailure(error, program.file, program.cwd)));
    child.once('exit', (code, signal) => resolve(exitReason(code, signal)));
  });
  if (child.pid === undefined) return { reference: undefined, ended };
  const identity = findProcess(child.pid)?.identity ?? '';
  return { reference: { pid: child.pid, identity, startedAt }, ended };
}

export function isAlive(reference: ProcessReference): boolean {
  return findProcess(reference.pid)?.identity === reference.identity;
}

const adoptedPollMs = 200;

/** Takes up a process that an earlier supervisor started. It is not our child, so its end is seen by looking. */
export function adoptProcess(reference: ProcessReference): SupervisedProcess {
  const ended = new Promise<string>((resolve) => {
    const timer = setInterval(() => {
      if (isAlive(reference)) return;
      clearInterval(timer);
      resolve('ended, how is not known: an earlier supervisor had started it');
    }, adoptedPollMs);
  });
  return { reference, ended };
}
