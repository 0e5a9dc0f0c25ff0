import { execa } from 'execa';
import { CONTROL_MACHINE } from './finding.ts';
import type { Machine } from './machine.ts';

/** The machine that the control server runs on. */
export const thisMachine: Machine = {
  name: CONTROL_MACHINE,
  address: '127.0.0.1',
  roles: [],
  run: async ([file = '', ...args]) => {
    const { exitCode = 127, stdout, stderr, originalMessage } = await execa(file, args, { reject: false });
    return {
      exitCode,
      stdout: stdout ?? '',
      stderr: stderr || (exitCode === 127 ? (originalMessage ?? '') : ''),
    };
  },
};
