import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { processesOf } from '../../../demo/src/demo/left-behind.ts';
import { isAlive } from '../../src/cli/client/location.ts';
import { temporaryFolder } from '../support/sample-repository.ts';

const program = fileURLToPath(new URL('../../bin/fairway.js', import.meta.url));

function fairway(cwd: string, ...words: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...words], { cwd }, (error, out, err) => {
      resolve({ exitCode: error ? Number(error.code) : 0, out, err });
    });
  });
}

test('a control server in the background answers, is not started twice, and goes away with down', async () => {
  const folder = await temporaryFolder();
  await writeFile(
    join(folder, 'fairway.yml'),
    'control: { listen: 127.0.0.1:0 }\nbalancer: { listen: 127.0.0.1:0 }\napps:\n  shop: { runtime: node, start: node server.js }\n',
  );
  try {
    const started = await fairway(folder, 'serve', '--detach');
    expect(started).toMatchObject({ exitCode: 0, err: '' });
    expect(started.out).toContain("git remote add fairway '");
    const { pid } = JSON.parse(await readFile(join(folder, '.fairway/server.json'), 'utf8')) as {
      pid: number;
    };
    expect(isAlive(pid)).toBe(true);
    expect((await fairway(folder, 'status')).out).toContain('not deployed yet');
    expect((await fairway(folder, 'serve', '--detach')).out).toContain(`runs already: process ${pid}`);

    const down = await fairway(folder, 'down', '--yes');
    expect(down.exitCode).toBe(0);
    expect(down.out).toContain(`stopped the control server (process ${pid})`);
    expect(down.out).toContain('stopped the supervisor');
    expect(isAlive(pid)).toBe(false);
    expect((await fairway(folder, 'status')).exitCode).toBe(3);
  } finally {
    await fairway(folder, 'down', '--yes');
  }
  expect((await fairway(folder, 'down', '--yes')).out).toBe(`Nothing runs for ${folder}/.fairway.\n`);
}, 90_000);

test('a control server that cannot listen leaves nothing running that it had started', async () => {
  const folder = await temporaryFolder();
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const configure = (control: number, balancer: number) =>
    writeFile(
      join(folder, 'fairway.yml'),
      `control: { listen: "127.0.0.1:${control}" }\nbalancer: { listen: "127.0.0.1:${balancer}" }\napps:\n  shop: { runtime: static }\n`,
    );
  try {
    for (const [control, balancer] of [
      [port, 0],
      [0, port],
    ] as const) {
      await configure(control, balancer);
      const { exitCode, err } = await fairway(folder, 'serve');
      expect(exitCode).toBe(1);
      expect(err).toContain(`${port}`);
      expect(err).toContain('another program listens there');
      expect(processesOf(folder)).toEqual([]);
    }
    await configure(0, 0);
    expect((await fairway(folder, 'serve', '--detach')).exitCode).toBe(0);
  } finally {
    taken.close();
    await fairway(folder, 'down', '--yes');
  }
}, 60_000);

test('a control server with a broken fairway.yml does not start, and names every problem', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'fairway.yml'), 'apps: { shop: { colour: red } }\n');
  const { exitCode, out, err } = await fairway(folder, 'serve', '--detach');
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(err).toMatch(/^Error: fairway\.yml has \d problems; nothing was changed\n/);
  expect(err).toContain('apps.shop.colour: found an unknown key');
});

test.skipIf(!existsSync('/dev/full'))(
  'a control server whose log cannot be written answers all the same',
  async () => {
    const folder = await temporaryFolder();
    await writeFile(
      join(folder, 'fairway.yml'),
      'control: { listen: 127.0.0.1:0 }\nbalancer: { listen: 127.0.0.1:0 }\napps:\n  shop: { runtime: static }\n',
    );
    const serving = spawn(process.execPath, [program, 'serve', '--log', '/dev/full'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(serving.stdout, 'data');
      expect(await fairway(folder, 'status')).toMatchObject({ exitCode: 0, err: '' });
    } finally {
      await fairway(folder, 'down', '--yes');
    }
  },
);
