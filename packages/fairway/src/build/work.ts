import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { endMarked } from './process-group.ts';

/** Where one build works: named so that a later process can tell whose it was. */
export function buildFolder(work: string, app: string, commit: string, mark: string): string {
  return join(work, `build-${process.pid}-${mark}-${app}-${commit.slice(0, 12)}`);
}

/** Removes what builds of controllers that were killed have left: their processes, then their folders. */
export async function sweepWork(work: string): Promise<void> {
  for (const name of await readdir(work).catch(() => [])) {
    const [, pid, mark] = /^build-(\d+)-([0-9a-f-]{36})-/.exec(name) ?? [];
    if (pid === undefined || mark === undefined || isAlive(Number(pid))) continue;
    await endMarked(mark);
    await rm(join(work, name), { recursive: true, force: true, maxRetries: 3 });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
