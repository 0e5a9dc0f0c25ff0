import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { findProcess } from '../hosts/local/supervisor/process-table.ts';

/** Keeps in a file which process it is: its /proc/PID/stat as it is now, start time included. */
export function markProcess(file: string, pid: number): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  writeFileSync(file, readFileSync(`/proc/${pid}/stat`));
}

/** The pid of the process that was marked, while it runs: not of a later one with the same pid. */
export function findMarked(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  const stat = readFileSync(file, 'utf8');
  const pid = Number.parseInt(stat, 10);
  // The second field is the program's name in brackets; the start time is the 22nd, see proc(5).
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return findProcess(pid)?.identity.endsWith(`/${startTime}`) ? pid : undefined;
}

export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
