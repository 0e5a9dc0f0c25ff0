import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { installHooks } from '../git/hooks.ts';
import { keeperCommand } from '../lab/keeper.ts';
import type { LabRecord } from '../lab/record.ts';

const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));
const FIRST_LINE = /^#!\s*\S*\/(env\s+)?(sh|bash|dash)\b/;

const { exitCode } = await execa('shellcheck', ['--version'], { reject: false });
const isMissing = exitCode !== 0;
const suffix = isMissing ? ' (not installed)' : '';

/** Whatever begins as a shell script, templates of Ansible's among them, by its path. */
async function shellScripts(): Promise<Map<string, string>> {
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { stdout } = await execa('git', words, { cwd: REPOSITORY });
  const scripts = new Map<string, string>();
  for (const path of stdout.split('\0').filter(Boolean)) {
    const text = await readFile(join(REPOSITORY, path), 'utf8').catch(() => '');
    if (FIRST_LINE.test(text) || path.endsWith('.sh')) scripts.set(path, text);
  }
  return scripts;
}

/** What shellcheck has to say; nothing when all is well. */
async function complaints(script: string): Promise<string> {
  // A template is checked as the script that it becomes.
  const input = script.replaceAll(/\{\{.*?\}\}/g, 'value');
  const dialect = script.startsWith('#!') ? [] : ['--shell=sh'];
  const words = [...dialect, '--color=never', '-'];
  const { all } = await execa('shellcheck', words, { input, reject: false, all: true });
  return all;
}

test.skipIf(isMissing)(`every shell script of the repository passes shellcheck${suffix}`, async () => {
  const scripts = await shellScripts();
  expect([...scripts.keys()]).toEqual(
    expect.arrayContaining(['.ci/run', 'packages/fairway/ansible/roles/control/templates/fairway.j2']),
  );
  const told = await Promise.all([...scripts].map(async ([path, text]) => [path, await complaints(text)]));
  expect(Object.fromEntries(told.filter(([, said]) => said !== ''))).toEqual({});
});

test.skipIf(isMissing)(`so does what Fairway writes for git to run${suffix}`, async () => {
  const repository = await mkdtemp(join(tmpdir(), 'fairway-hooks-'));
  try {
    await installHooks(repository, ['/opt/it is/node', "/opt/o'clock.js"], ['--state', '/srv/a b']);
    for (const hook of ['pre-receive', 'post-receive'])
      expect(await complaints(await readFile(join(repository, 'hooks', hook), 'utf8'))).toBe('');
  } finally {
    await rm(repository, { recursive: true });
  }
});

test.skipIf(isMissing)(`so does what keeps the machines of a lab${suffix}`, async () => {
  const { args, environment } = keeperCommand(
    { name: 'lab', subnet: '10.213.1.0/24', base: 'b' } as LabRecord,
    { name: 'box1', address: '10.213.1.11' },
    { kind: 'group', group: '/g', home: '/h' },
  );
  for (const script of [args[1]!, environment.FAIRWAY_LAB_MACHINE!]) {
    expect(script).toContain('set -eu');
    expect(await complaints(script)).toBe('');
  }
});
