import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../../ansible/roles/app/files', import.meta.url));
const tests = fileURLToPath(new URL('../../../test/fairway-host', import.meta.url));
const { exitCode } = await execa('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))'], {
  reject: false,
});

test.skipIf(exitCode !== 0)('the program on hosts does its part, by its own tests in Python', async () => {
  const result = await execa('python3', ['-B', '-m', 'unittest', 'discover', '--start-directory', tests], {
    env: { PYTHONPATH: program },
    reject: false,
    all: true,
  });
  expect(result.all).toMatch(/Ran \d\d+ tests/);
  expect(result.exitCode, result.all).toBe(0);
});
