import { readlinkSync, realpathSync } from 'node:fs';
import { findProcess, procPids } from './process-table.ts';

/**
 * Process groups that write to a log of ours. A supervisor that was killed between starting a process and recording it
 * leaves one behind that only this tells apart. Linux only (/proc/PID/fd); elsewhere none is found.
 */
export function findStrays(logFile: string): readonly number[] {
  if (process.platform !== 'linux') return [];
  const file = realPath(logFile);
  if (file === undefined) return [];
  const groups = procPids()
    .filter((pid) => pid !== process.pid && writesTo(pid, file))
    .map((pid) => findProcess(pid)?.group)
    .filter((group) => group !== undefined);
  return [...new Set(groups)];
}

function writesTo(pid: number, file: string): boolean {
  try {
    return [1, 2].some((descriptor) => readlinkSync(`/proc/${pid}/fd/${descriptor}`) === file);
  } catch {
    // Gone, or another user's: not ours.
    return false;
  }
}

function realPath(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}
