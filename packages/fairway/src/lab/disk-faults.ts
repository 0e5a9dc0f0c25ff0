import { rmSync, statfsSync } from 'node:fs';
import { run } from './command.ts';
import { LabProblem } from './lab-problem.ts';
import { withLabLock } from './locks.ts';
import { requireInit } from './machine.ts';
import { requireHost, requireRecord } from './record.ts';

const FILLER = 'var/lib/fairway-lab-filler';

/** Leaves not one free block on the host's disk. What it takes on this machine's own disk is next to nothing. */
export async function fillDisk(lab: string, host: string): Promise<void> {
  await withFiller(lab, host, async (filler, root) => {
    const { bavail, bsize } = statfsSync(root);
    let offset = 0;
    // The file system needs a few blocks for its notes about the file, so the last ones go in smaller and smaller parts.
    for (let length = bavail * bsize; length >= bsize; ) {
      if (await reserve(filler, offset, length)) offset += length;
      else length = Math.floor(length / 2 / bsize) * bsize;
    }
  });
}

export async function freeDisk(lab: string, host: string): Promise<void> {
  await withFiller(lab, host, async (filler) => rmSync(filler, { force: true }));
}

async function withFiller(
  lab: string,
  host: string,
  work: (filler: string, root: string) => Promise<void>,
): Promise<void> {
  requireHost(requireRecord(lab), host);
  await withLabLock(lab, async () => {
    const root = `/proc/${await requireInit(lab, host)}/root`;
    await work(`${root}/${FILLER}`, root);
  });
}

/** Takes blocks without writing them; false when there are not so many. */
async function reserve(file: string, offset: number, length: number): Promise<boolean> {
  try {
    await run('fallocate', ['--offset', String(offset), '--length', String(length), file]);
    return true;
  } catch (error) {
    if (error instanceof LabProblem && error.message.includes('No space left')) return false;
    throw error;
  }
}
