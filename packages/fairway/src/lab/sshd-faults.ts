import { readFileSync } from 'node:fs';
import { LabProblem } from './lab-problem.ts';
import { withLabLock } from './locks.ts';
import { requireInit } from './machine.ts';
import { hostProcesses } from './network.ts';
import { requireHost, requireRecord } from './record.ts';

/** The host's sshd hangs, its open sessions as well: connections are made, and never answered. */
export async function freezeSshd(lab: string, host: string): Promise<void> {
  await signalSshd(lab, host, 'SIGSTOP');
}

export async function thawSshd(lab: string, host: string): Promise<void> {
  await signalSshd(lab, host, 'SIGCONT');
}

async function signalSshd(lab: string, host: string, signal: NodeJS.Signals): Promise<void> {
  requireHost(requireRecord(lab), host);
  await withLabLock(lab, async () => {
    await requireInit(lab, host);
    const done = new Set<number>();
    // The listener may fork while it is being found: look again until there is nothing new.
    for (;;) {
      const found = (await hostProcesses(lab, host)).filter((pid) => isSshd(pid) && !done.has(pid));
      if (found.length === 0) break;
      for (const pid of found) {
        process.kill(pid, signal);
        done.add(pid);
      }
    }
    if (done.size === 0) {
      throw new LabProblem(
        'lab-input',
        `${host} runs no sshd`,
        `see: fairway lab exec ${host} -- systemctl status ssh`,
      );
    }
  });
}

function isSshd(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'sshd';
  } catch {
    return false;
  }
}
