import { setTimeout as delay } from 'node:timers/promises';
import { findProcess, listGroup } from './process-table.ts';

/** How long the kernel is given to end a group after SIGKILL: longer means that it waits for a disk or a network mount. */
const killPatienceMs = 10_000;

/** SIGTERM to a process group, SIGKILL to what is left of it at the deadline. Resolves when nothing of it runs. */
export async function endGroup(leader: number, timeoutMs: number): Promise<void> {
  signalGroup(leader, 'SIGTERM');
  if (await isGoneWithin(leader, timeoutMs)) return;
  signalGroup(leader, 'SIGKILL');
  if (await isGoneWithin(leader, killPatienceMs)) return;
  throw new Unkillable(listGroup(leader).map((entry) => entry.pid));
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function isGoneWithin(leader: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 1.5, 100)) {
    // The leader is cheap to look up, and as long as it is there the rest need not be listed.
    if (!findProcess(leader) && listGroup(leader).length === 0) return true;
    const leftMs = deadline - Date.now();
    if (leftMs <= 0) return false;
    await delay(Math.min(pauseMs, leftMs));
  }
}

/** Processes that SIGKILL did not end. */
export class Unkillable extends Error {
  override readonly name = 'Unkillable';
  readonly code = 'unkillable';
  constructor(pids: readonly number[]) {
    super(
      `process ${pids.join(', ')} is still there ${killPatienceMs / 1000} s after SIGKILL; it probably waits for a disk or ` +
        'a network mount, see its state with `ps -o pid,stat,wchan,args`',
    );
  }
}
