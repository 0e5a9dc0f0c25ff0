import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { processesOf } from '../../../demo/src/demo/left-behind.ts';
import { temporaryFolder } from '../support/sample-repository.ts';
import { waitUntil } from '../support/wait-until.ts';

const program = fileURLToPath(new URL('../../../demo/dist/demo/main.js', import.meta.url));

it('the demo leaves nothing behind when Ctrl-C ends it halfway', async () => {
  const folder = await temporaryFolder();
  const demo = spawn(process.execPath, [program, '--exit'], {
    env: { ...process.env, TMPDIR: folder },
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void demo.kill());
  let output = '';
  demo.stdout.on('data', (piece: Buffer) => {
    output += piece.toString();
  });
  const ended = once(demo, 'exit');
  await waitUntil('the first release', () => output.includes('starting'), 40_000);
  // As a terminal does: to the whole group, the control server and the push among it.
  process.kill(-demo.pid!, 'SIGINT');
  expect(await ended).toEqual([130, null]);
  expect(processesOf(folder)).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
});
