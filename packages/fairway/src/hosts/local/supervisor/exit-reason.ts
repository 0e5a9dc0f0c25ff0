import { existsSync } from 'node:fs';
import { constants } from 'node:os';

/** How a process ended, in words for people. */
export function exitReason(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ? `killed by ${signal}` : `exit code ${code}`;
}

/** Why a program did not start: the system's code, the program (or its missing folder) and what that means. */
export function startFailure(error: NodeJS.ErrnoException, program: string, cwd?: string): string {
  // The system gives the same code for a missing program and for a missing working directory.
  if (error.code === 'ENOENT' && cwd !== undefined && !existsSync(cwd)) {
    return `could not be started: ENOENT ${cwd}: the release has no such folder`;
  }
  const meaning = meanings[error.code ?? ''] ?? error.message;
  return `could not be started: ${error.code ?? error.name} ${program}: ${meaning}`;
}

const meanings: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such program, neither in the release nor on PATH',
  EACCES: 'it is not executable',
  ENOEXEC: 'it is not a program: a script needs a first line such as #!/bin/sh',
  E2BIG: 'its arguments and environment are too long',
  EAGAIN: 'the system allows no more processes',
  ENOMEM: 'the system has no memory left',
};

export function memoryReason(limitBytes: number, usedBytes: number): string {
  return `over its memory limit of ${megabytes(limitBytes)} (used ${megabytes(usedBytes)})`;
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MB`;
}

/** The exit status that shells give for an end: 128 + the signal's number when it was killed. */
export function exitStatus(code: number | null, signal: NodeJS.Signals | null): number {
  return signal ? 128 + constants.signals[signal] : (code ?? 1);
}
