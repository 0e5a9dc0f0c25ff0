import { execFile } from 'node:child_process';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { printed, SampleRepository, temporaryFolder } from '../../test/support/sample-repository.ts';
import { git } from './git.ts';
import { ensureRepository } from './repository.ts';
import { checkVersion } from './version.ts';

async function receiving() {
  const folder = await temporaryFolder();
  // A program whose path needs every kind of quoting.
  const program = join(folder, `fair'way "cli" $HOME`);
  await writeFile(
    program,
    '#!/bin/sh\nprintf "<%s>" "$@"\necho\nwhile read -r line; do echo "got ${line##* }"; done\n',
  );
  await chmod(program, 0o755);
  const options = {
    path: join(folder, 'repositories', 'shop.git'),
    app: 'shop',
    branch: 'production',
    hookCommand: [program, 'first word'],
    state: join(folder, "state 'of' it"),
  };
  await ensureRepository(options);
  return { folder, program, options };
}

test('a push reaches the hooks with the app and the state directory, whatever their paths hold', async () => {
  const { folder, options } = await receiving();
  const sample = await SampleRepository.create(folder);
  await sample.commit({ 'a.txt': 'a' });
  const { stderr } = await sample.tryGit('push', options.path, 'main:production');
  expect(stderr).toContain(`<first word><hook><pre-receive><--state><${options.state}><--app><shop>`);
  expect(stderr).toContain('<post-receive>');
  expect(stderr).toContain('got refs/heads/production');
});

test('the hooks run even where the user’s configuration names another hooks folder', async () => {
  const { folder, options } = await receiving();
  const sample = await SampleRepository.create(folder);
  await sample.commit({ 'a.txt': 'a' });
  await writeFile(join(folder, 'gitconfig'), '[core]\n\thooksPath = /nowhere\n');
  const { stderr } = await promisify(execFile)('git', ['push', options.path, 'main:production'], {
    cwd: sample.folder,
    env: { ...process.env, GIT_CONFIG_GLOBAL: join(folder, 'gitconfig') },
  });
  expect(stderr).toContain('<pre-receive>');
});

test('HEAD follows the branch that deploys, and a second call changes nothing else', async () => {
  const { options } = await receiving();
  const hook = join(options.path, 'hooks', 'pre-receive');
  const [config, before] = await Promise.all([readFile(join(options.path, 'config'), 'utf8'), stat(hook)]);
  await ensureRepository({ ...options, branch: 'live' });
  expect(await git(['symbolic-ref', 'HEAD'], { repository: options.path })).toBe('refs/heads/live\n');
  expect(await readFile(join(options.path, 'config'), 'utf8')).toBe(config);
  expect((await stat(hook)).mtimeMs).toBe(before.mtimeMs);
});

test('a changed hook of Fairway’s is repaired', async () => {
  const { options } = await receiving();
  const hook = join(options.path, 'hooks', 'post-receive');
  const text = await readFile(hook, 'utf8');
  await writeFile(hook, `${text}# changed\n`, { mode: 0o644 });
  await ensureRepository(options);
  expect(await readFile(hook, 'utf8')).toBe(text);
  expect((await stat(hook)).mode & 0o777).toBe(0o755);
});

test('a hook of somebody else’s is not overwritten, and the message names it', async () => {
  const { options } = await receiving();
  const hook = join(options.path, 'hooks', 'pre-receive');
  await writeFile(hook, '#!/bin/sh\nexit 0\n');
  await expect(ensureRepository(options)).rejects.toMatchObject({
    code: 'hook-taken',
    message: `${hook} exists and was not written by Fairway, which needs that place to receive pushes. Move it away (its checks can run in the app’s build) and try again.`,
  });
  expect(await readFile(hook, 'utf8')).toBe('#!/bin/sh\nexit 0\n');
});

test.each([
  ['/gone/node', ['/gone/node', '/gone/cli.js']],
  ['/gone/cli.js', [process.execPath, '/gone/cli.js']],
])('when %s is gone, the push is refused with what to do', async (gone, hookCommand) => {
  const { folder, options } = await receiving();
  await ensureRepository({ ...options, hookCommand });
  const sample = await SampleRepository.create(folder);
  await sample.commit({ 'a.txt': 'a' });
  const error = await sample
    .tryGit('push', options.path, 'main:production')
    .catch((caught: unknown) => caught);
  expect(printed(error)).toContain(
    `Fairway cannot be started: ${gone} is gone. Run "fairway serve" again to repair this hook.`,
  );
});

test('a push from a shallow clone, as CI systems make them, is taken', async () => {
  const { folder, options } = await receiving();
  const sample = await SampleRepository.create(folder);
  await sample.commit({ 'a.txt': 'a' });
  const commit = await sample.commit({ 'a.txt': 'b' });
  await sample.git('clone', '-q', '--depth=1', `file://${sample.folder}`, join(folder, 'shallow'));
  await new SampleRepository(join(folder, 'shallow')).git('push', '-q', options.path, 'main:production');
  expect(await git(['rev-parse', 'refs/heads/production'], { repository: options.path })).toBe(`${commit}\n`);
});

test('Fairway’s own refs can be neither seen nor pushed', async () => {
  const { folder, options } = await receiving();
  const sample = await SampleRepository.create(folder);
  await sample.commit({ 'a.txt': 'a' });
  const error = await sample
    .tryGit('push', options.path, 'main:refs/fairway/x')
    .catch((caught: unknown) => caught);
  expect(printed(error)).toContain('deny updating a hidden ref');
});

test('an old git is named together with the version that is needed', () => {
  expect(() => checkVersion('git version 2.39.5 (Apple Git-154)')).not.toThrow();
  expect(() => checkVersion('git version 2.25.1')).toThrow(
    'git 2.25.1 is too old: Fairway needs 2.31 or newer. Upgrade git on this machine.',
  );
});
