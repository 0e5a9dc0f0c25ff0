import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../../test/support/command-line.ts';
import { withProvisionLock } from './provision-lock.ts';

const compiled = fileURLToPath(new URL('../../dist/provision/provision-lock.js', import.meta.url));
const since = Date.UTC(2026, 10, 24, 14, 5, 9);
const holder = (pid: number, command = 'fairway provision') => ({ pid, by: 'anna', command, since });

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'fairway-provisioning-'));
});
afterEach(() => rmSync(state, { recursive: true }));

const refusal = async (pid = process.pid) =>
  withProvisionLock(state, holder(pid), async () => 'it was free').catch(
    ({ message, hint }: Error & { hint: string }) => ({ message, hint }),
  );

describe('machines that are being worked on', () => {
  test('are left alone by a second command, which says who works on them and what to do', async () => {
    await withProvisionLock(state, holder(process.pid), async () => {
      expect(await refusal()).toEqual({
        message: `the machines of ${state} are being worked on by "fairway provision" of anna (process ${process.pid}), since 2026-11-24 14:05:09 UTC; nothing was changed`,
        hint: `wait until it has ended, or end it with: kill ${process.pid} (what it did so far stays, and is found again)`,
      });
    });
  });

  test('are not blamed on a command that has been killed before', async () => {
    // No process has this id: the kernel's highest is 4194304.
    await withProvisionLock(state, holder(5_000_000), async () => {
      expect(await refusal()).toEqual({
        message: `the machines of ${state} are being worked on by another command, which has only just begun; nothing was changed`,
        hint: 'try again in a moment',
      });
    });
  });

  test.each(['provision', 'provision --check', 'plan provision', 'provision --destroy=shop'])(
    'are not touched by: fairway %s',
    async (line) => {
      const config = join(state, 'fairway.yml');
      writeFileSync(config, 'name: shop\nprovider: lab\nhosts: { lb1: { roles: [balancer] } }\napps: {}\n');
      await withProvisionLock(state, holder(process.pid, 'fairway provision --check'), async () => {
        const place = ['--config', config, '--state', state];
        const { exitCode, err } = await runCli([...place, ...line.split(' ')]);
        expect(exitCode).toBe(1);
        expect(err).toContain('are being worked on by "fairway provision --check" of anna');
        expect(err).toContain(`Next: wait until it has ended, or end it with: kill ${process.pid}`);
      });
    },
  );

  test('are free again once the command has ended, well or not', async () => {
    const failed = withProvisionLock(state, holder(1), () => Promise.reject(new Error('a host is gone')));
    await expect(failed).rejects.toThrow('a host is gone');
    expect(await refusal()).toBe('it was free');
  });

  test('are free again when the command is killed', async () => {
    const script = `const { withProvisionLock } = await import(${JSON.stringify(compiled)});
      await withProvisionLock(${JSON.stringify(state)}, { ...${JSON.stringify(holder(0))}, pid: process.pid }, () => {
        console.log('holds it');
        return new Promise(() => setInterval(() => {}, 1000));
      });`;
    const other = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(other.stdout, 'data');
    expect(await refusal()).toMatchObject({ message: expect.stringContaining(`(process ${other.pid})`) });
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(await refusal()).toBe('it was free');
  });
});
