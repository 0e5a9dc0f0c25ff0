import { link, mkdir, readdir, symlink } from 'node:fs/promises';
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

test('files that a package manager shares by hard links are packed like copies of them', async () => {
  const folder = await temporaryFolder();
  const [linked, copied] = [
    new SampleRepository(join(folder, 'linked')),
    new SampleRepository(join(folder, 'copied')),
  ];
  await linked.write({ one: 'same' });
  await link(join(linked.folder, 'one'), join(linked.folder, 'two'));
  await copied.write({ one: 'same', two: 'same' });
  const [first, second] = await Promise.all(
    [linked, copied].map(
      async ({ folder: tree }) => await writeArtifact(tree, ['one', 'two'], new Date(0), folder),
    ),
  );
  expect(first!.sha256).toBe(second!.sha256);
});

test('a link that leaves the folder only through another link is refused as well', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'one', 'two'), { recursive: true });
  await symlink('../..', join(folder, 'one', 'two', 'top'));
  // By its words it is one/etc; the system goes to the top first and leaves from there.
  await symlink('one/two/top/../etc', join(folder, 'way-out'));
  await expect(artifactContent(folder)).rejects.toMatchObject({
    message: expect.stringContaining(
      'way-out is a link to one/two/top/../etc, outside of the release.',
    ) as string,
  });
});
