import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { takeLock } from '../hosts/local/supervisor/lock.ts';
import { findProcess } from '../hosts/local/supervisor/process-table.ts';
import { writePrivately } from '../private-file.ts';
import { provisionPaths } from './paths.ts';

const holderSchema = z.object({
  pid: z.int(),
  /** Who typed it, as far as this machine knows. */
  by: z.string(),
  /** `fairway provision`, `fairway plan provision`. */
  command: z.string(),
  /** Unix time, ms. */
  since: z.number(),
});

/** Who works on the machines. */
export type ProvisionHolder = z.infer<typeof holderSchema>;

/**
 * Holds the machines of a state directory for one piece of work. Throws {@link ProvisionUnderWay} while another process
 * does. The kernel takes the lock back when the process ends, however it ends.
 */
export async function withProvisionLock<Result>(
  stateDirectory: string,
  holder: ProvisionHolder,
  work: () => Promise<Result>,
): Promise<Result> {
  const paths = provisionPaths(stateDirectory);
  mkdirSync(dirname(paths.lock), { recursive: true, mode: 0o700 });
  const lock = takeLock(paths.lock);
  if (!lock) throw new ProvisionUnderWay(stateDirectory, readHolder(paths.holder));
  try {
    writePrivately(paths.holder, `${JSON.stringify(holder)}\n`);
    return await work();
  } finally {
    lock.release();
  }
}

/** Undefined when it cannot be read, or is still about one that was killed before. */
function readHolder(file: string): ProvisionHolder | undefined {
  try {
    const holder = holderSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return findProcess(holder.pid) ? holder : undefined;
  } catch {
    return undefined;
  }
}

function inWords(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Another command works on the machines. */
export class ProvisionUnderWay extends Error {
  override readonly name = 'ProvisionUnderWay';
  readonly code = 'provision-under-way';
  readonly hint: string;
  constructor(stateDirectory: string, holder: ProvisionHolder | undefined) {
    const who = holder
      ? `"${holder.command}" of ${holder.by} (process ${holder.pid}), since ${inWords(holder.since)}`
      : 'another command, which has only just begun';
    super(`the machines of ${stateDirectory} are being worked on by ${who}; nothing was changed`);
    this.hint = holder
      ? `wait until it has ended, or end it with: kill ${holder.pid} (what it did so far stays, and is found again)`
      : 'try again in a moment';
  }
}
