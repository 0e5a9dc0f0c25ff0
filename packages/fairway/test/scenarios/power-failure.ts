import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '../support/wait-until.ts';
import type { Look } from './look.ts';
import type { Rehearsal } from './rehearsal.ts';

/** What a power failure does, to the processes of one rehearsal: all of them end at once, and none can say goodbye. */
export async function killEverything(production: Rehearsal, look: Look): Promise<void> {
  const supervisor = await look.supervisorPid();
  // First the two that would start the others again; then the record of what runs stands still.
  for (const pid of [production.control.pid, supervisor]) kill(pid);
  await waitUntil('the end of the control server', () => production.control.hasEnded);
  for (const pid of await recorded(production)) kill(pid);
}

async function recorded({ workspace }: Rehearsal): Promise<readonly number[]> {
  interface Started {
    readonly process?: { readonly pid: number };
  }
  const text = await readFile(join(workspace.state, 'supervisor', 'supervisor.json'), 'utf8');
  const { slots, balancer } = JSON.parse(text) as { slots: readonly Started[]; balancer: Started };
  return [...slots, balancer].flatMap(({ process }) => (process ? [process.pid] : []));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
