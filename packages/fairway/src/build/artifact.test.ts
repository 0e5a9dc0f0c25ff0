import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SampleRepository, temporaryFolder } from '../../test/support/sample-repository.ts';
import { artifactContent, notWritten, writeArtifact } from './artifact.ts';

test('a full disk is said in words, with what to do', () => {
  const error = notWritten('/state/artifacts/shop', Object.assign(new Error('write'), { code: 'ENOSPC' }));
  expect(error.message).toBe(
    'The build failed at "pack": the release cannot be written to /state/artifacts/shop: the disk is full.\nFree some space there (fairway releases lists what is kept) and deploy again.',
  );
});

test('an artifact that cannot be finished leaves no part of itself', async () => {
  const folder = await temporaryFolder();
  const sample = new SampleRepository(join(folder, 'tree'));
  await sample.write({ a: 'a' });
  const destination = join(folder, 'artifacts');
  await expect(
    writeArtifact(sample.folder, ['a', 'not-there'], new Date(0), destination),
  ).rejects.toMatchObject({
    code: 'build-failed',
  });
  expect(await readdir(destination)).toEqual([]);
});

test('paths are in the order of their bytes, and git’s data is left out at every depth', async () => {
  const folder = await temporaryFolder();
  const files = ['b', 'B', 'a/.git/config', 'a/b', 'ä', '.git/HEAD', 'z/.gitignore'];
  await new SampleRepository(folder).write(Object.fromEntries(files.map((file) => [file, ''])));
  expect((await artifactContent(folder)).paths).toEqual(['B', 'a', 'a/b', 'b', 'z', 'z/.gitignore', 'ä']);
});
