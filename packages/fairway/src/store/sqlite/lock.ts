import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { explain } from './unusable.ts';

/** Another control server works on the state directory. */
export class StateLocked extends Error {
  override readonly name = 'StateLocked';
  readonly code = 'state-locked';
  readonly hint = 'Talk to that one, end it first, or name another state directory with --state.';
  readonly pid: number | undefined;
  constructor(stateDirectory: string, pid: number | undefined) {
    super(
      `${stateDirectory} is in use by another control server${pid === undefined ? '' : `, process ${pid}`}`,
    );
    this.pid = pid;
  }
}

/** The right to be the one control server of a state directory. The kernel takes it back when the process dies. */
export interface StateLock {
  release(): void;
}

/** Locks vanish when their connection is collected, so they are kept reachable. */
const held = new Set<Libsql.Database>();

/**
 * Locks the state directory for this process, or throws {@link StateLocked}. The lock is SQLite's exclusive one on a
 * file of its own: node has no file locks, and unlike a pid file it is gone with a process that was killed.
 */
export function lockState(stateDirectory: string): StateLock {
  const pidFile = join(stateDirectory, 'serve.pid');
  const lockFile = join(stateDirectory, 'serve.lock');
  const database = openLockFile(stateDirectory, lockFile);
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    const busy = error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
    throw busy ? new StateLocked(stateDirectory, readPid(pidFile)) : explain(lockFile, error);
  }
  held.add(database);
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  return {
    release: () => {
      if (!held.delete(database)) return;
      rmSync(pidFile, { force: true });
      database.exec('ROLLBACK');
      database.close();
    },
  };
}

function openLockFile(stateDirectory: string, lockFile: string): Libsql.Database {
  try {
    mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
    closeSync(openSync(lockFile, 'a', 0o600));
    // A server that is being replaced may need a moment to be gone.
    return new Libsql(lockFile, { timeout: 500 });
  } catch (error) {
    throw explain(lockFile, error);
  }
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
    return Number.isInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}
