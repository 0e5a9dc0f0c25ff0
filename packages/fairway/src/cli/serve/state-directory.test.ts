import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SampleRepository, temporaryFolder } from '../../../test/support/sample-repository.ts';
import { makeStateDirectory } from './state-directory.ts';

test('the state directory in an app’s work tree is its owner’s alone, and git leaves it alone', async () => {
  const sample = await SampleRepository.create(await temporaryFolder());
  const state = join(sample.folder, 'deeper', '.fairway');
  for (const _ of ['made', 'there already']) makeStateDirectory(state);
  await writeFile(join(state, 'server.json'), '{ "token": "fwy_secret" }');
  expect((await stat(state)).mode & 0o777).toBe(0o700);
  expect(await sample.git('status', '--porcelain', '--untracked-files=all')).toBe('');
});
