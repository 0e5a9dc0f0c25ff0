import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { takeLock } from '../hosts/local/supervisor/lock.ts';
import { LabProblem } from './lab-problem.ts';
import { cacheDirectory, locksDirectory } from './paths.ts';

const PAUSE_MS = 50;
const PATIENCE_MS = 15 * 60_000;

/** Holds this lab for one piece of work: another process that works on it waits. */
export function withLabLock<Result>(lab: string, work: () => Promise<Result>): Promise<Result> {
  return withLock(labLockFile(lab), `the lab "${lab}"`, work);
}

/** Holds what all labs share: the choice of a network, IP forwarding. */
export function withMachineLock<Result>(work: () => Promise<Result>): Promise<Result> {
  return withLock(join(locksDirectory, 'machine'), 'the labs of this machine', work);
}

export function withBaseLock<Result>(work: () => Promise<Result>): Promise<Result> {
  return withLock(join(locksDirectory, 'base'), "the lab's base image", work);
}

/** Removes a lab's lock file, while its lock is held. */
export async function removeLabLock(lab: string): Promise<void> {
  await guarded(() => rmSync(labLockFile(lab), { force: true }));
}

function labLockFile(lab: string): string {
  return join(locksDirectory, `lab.${lab}`);
}

async function withLock<Result>(file: string, what: string, work: () => Promise<Result>): Promise<Result> {
  const lock = await take(file, what);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

async function take(file: string, what: string): Promise<{ release(): void }> {
  for (const deadline = Date.now() + PATIENCE_MS; ; await delay(PAUSE_MS)) {
    const lock = await guarded(() => takeLock(file));
    if (lock) return lock;
    if (Date.now() > deadline) {
      throw new LabProblem(
        'lab-busy',
        `${what} has been in use by another command for ${PATIENCE_MS / 60_000} minutes`,
        'see what it waits for: ps -ef | grep "fairway.*lab"',
      );
    }
  }
}

/**
 * Lock files are opened and removed under this one, which stays: otherwise one process could lock a file that another
 * has just removed, and a third one its successor.
 */
async function guarded<Result>(work: () => Result): Promise<Result> {
  mkdirSync(locksDirectory, { recursive: true, mode: 0o755 });
  for (;;) {
    const guard = takeLock(join(cacheDirectory, 'lock'));
    if (guard) {
      try {
        return work();
      } finally {
        guard.release();
      }
    }
    await delay(5);
  }
}
