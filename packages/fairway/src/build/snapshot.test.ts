import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SampleRepository, temporaryFolder } from '../../test/support/sample-repository.ts';
import { describeCommit } from '../git/commits.ts';
import { git } from '../git/git.ts';
import { snapshot } from './snapshot.ts';

async function receiving() {
  const folder = await temporaryFolder();
  const repository = join(folder, 'shop.git');
  await git(['init', '-q', '--bare', repository]);
  return { folder, repository };
}

async function filesOf(repository: string, commit: string): Promise<Record<string, string>> {
  const paths = await git(['ls-tree', '-r', '-z', '--name-only', commit], { repository });
  const entries = paths.split('\0').filter(Boolean);
  return Object.fromEntries(
    await Promise.all(
      entries.map(
        async (path) => [path, await git(['cat-file', 'blob', `${commit}:${path}`], { repository })] as const,
      ),
    ),
  );
}

test('a work tree is taken as it lies there: changed, new and deleted files, without ignored ones', async () => {
  const { folder, repository } = await receiving();
  const sample = await SampleRepository.create(folder);
  await sample.commit({
    kept: '1',
    changed: '1',
    deleted: '1',
    '.gitignore': 'ignored\n',
    'forced/ignored': 'x',
  });
  await sample.git('add', '-f', 'forced/ignored');
  await sample.git('commit', '-qm', 'Add what is ignored elsewhere');
  await sample.write({
    changed: '2',
    'new "one" ü': 'n',
    ignored: 'x',
    'only-here': 'e',
    '.fairway/fairway.db': 'x',
  });
  await writeFile(join(sample.folder, '.git', 'info', 'exclude'), 'only-here\n');
  await rm(join(sample.folder, 'deleted'));
  const status = await sample.git('status', '--porcelain');

  const commit = await snapshot({ repository, directory: sample.folder, by: 'ada' });

  expect(await filesOf(repository, commit)).toEqual({
    '.gitignore': 'ignored\n',
    kept: '1',
    changed: '2',
    'new "one" ü': 'n',
    'forced/ignored': 'x',
  });
  expect(await sample.git('status', '--porcelain')).toBe(status);
  const head = await sample.git('rev-parse', '--short', 'HEAD');
  expect(await describeCommit(repository, commit)).toMatchObject({
    author: 'ada',
    subject: `Files of app, at or after commit ${head}`,
  });
});

test('a folder without git is taken whole, without packages and git data', async () => {
  const { folder, repository } = await receiving();
  const files = new SampleRepository(join(folder, 'site'));
  await files.write({
    'index.html': 'hi',
    'node_modules/x/index.js': 'x',
    'lib/.git/HEAD': 'x',
    'lib/a': 'a',
    link: { link: 'lib/a' },
    run: { text: '#!/bin/sh', executable: true },
  });
  const commit = await snapshot({ repository, directory: files.folder, by: 'ada <x>\n', subject: 'Try it' });
  expect(Object.keys(await filesOf(repository, commit))).toEqual(['index.html', 'lib/a', 'link', 'run']);
  expect(await git(['ls-tree', commit, 'link', 'run'], { repository })).toMatch(/^120000 .*\n100755 /);
  expect(await describeCommit(repository, commit)).toMatchObject({ subject: 'Try it', author: 'ada  x' });
});

test('the same files are the same commit, other files another', async () => {
  const { folder, repository } = await receiving();
  const files = new SampleRepository(join(folder, 'site'));
  await files.write({ a: '1' });
  const request = { repository, directory: files.folder, by: 'ada' };
  const first = await snapshot(request);
  await files.write({ 'node_modules/x': 'x', a: '1' });
  expect(await snapshot({ ...request, by: 'bob' })).toBe(first);
  await files.write({ a: '2' });
  expect(await snapshot(request)).not.toBe(first);
});

test('Windows line endings and content kept in LFS are taken as they are', async () => {
  const { folder, repository } = await receiving();
  const files = new SampleRepository(join(folder, 'site'));
  await files.write({
    'a.txt': 'a\r\nb\r\n',
    '.gitattributes': '*.png filter=lfs -text\n',
    'logo.png': 'content',
  });
  const commit = await snapshot({ repository, directory: files.folder, by: 'ada' });
  expect(await filesOf(repository, commit)).toMatchObject({ 'a.txt': 'a\r\nb\r\n', 'logo.png': 'content' });
});

test('a folder that is not there, or empty, is refused', async () => {
  const { folder, repository } = await receiving();
  const gone = join(folder, 'gone');
  await expect(snapshot({ repository, directory: gone, by: 'ada' })).rejects.toMatchObject({
    code: 'snapshot-no-folder',
    message: `${gone} is no folder on the control server's machine.`,
  });
  await mkdir(join(folder, 'empty'));
  await expect(snapshot({ repository, directory: join(folder, 'empty'), by: 'ada' })).rejects.toMatchObject({
    message: `${join(folder, 'empty')} holds no file to deploy.`,
  });
});
