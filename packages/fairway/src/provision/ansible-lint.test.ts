import { execa } from 'execa';
import { expect, test } from 'vitest';
import { ANSIBLE_FOLDER } from './run-playbook.ts';

const { exitCode } = await execa('ansible-lint', ['--version'], { reject: false });

test.skipIf(exitCode !== 0)(
  `playbooks and roles pass ansible-lint${exitCode === 0 ? '' : ' (not installed)'}`,
  async () => {
    const result = await execa('ansible-lint', ['--nocolor', 'site.yml', 'create', 'roles'], {
      cwd: ANSIBLE_FOLDER,
      reject: false,
      all: true,
    });
    expect(result.exitCode, result.all).toBe(0);
  },
  60_000,
);
