import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import { findProcess } from '../../../src/hosts/local/supervisor/process-table.ts';
import { type Lab, type LabRequest, labDown, labUp, removeOrphanedLabs } from '../../../src/lab/lab.ts';
import { whyNoLab } from '../../../src/lab/requirements.ts';

/**
 * Tests with a lab of their own, by a name that nobody else uses. It is taken down afterwards; when the tests are
 * killed, the next ones that want a lab do it. Where there can be no lab, the tests are skipped and say why.
 */
export function describeInLab(
  what: string,
  hosts: LabRequest['hosts'],
  body: (lab: () => Lab) => void,
): void {
  const reason = whyNoLab()?.message;
  describe.skipIf(reason)(reason ? `${what} (skipped: ${reason})` : what, () => {
    let lab: Lab | undefined;
    beforeAll(async () => {
      await removeOrphanedLabs();
      lab = await labUp({ name: testLabName(), hosts, owner: thisProcess() });
    });
    afterAll(async () => {
      if (lab) await labDown(lab.name);
    });
    body(() => lab!);
  });
}

export function testLabName(): string {
  return `test-${randomBytes(4).toString('hex')}`;
}

export function thisProcess(): { readonly pid: number; readonly identity: string } {
  return { pid: process.pid, identity: findProcess(process.pid)!.identity };
}
