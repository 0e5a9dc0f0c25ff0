import { expect, test } from 'vitest';
import { SampleRepository, temporaryFolder } from '../../../test/support/sample-repository.ts';
import { detectPackageManager } from './package-manager.ts';

const EMPTY = { scripts: {}, dependencies: {}, devDependencies: {}, optionalDependencies: {} };

test.each([
  ['package-lock.json', '{}', undefined, { name: 'npm', lockFile: 'package-lock.json' }],
  ['npm-shrinkwrap.json', '{}', undefined, { name: 'npm', lockFile: 'npm-shrinkwrap.json' }],
  [
    'yarn.lock',
    '# yarn lockfile v1\n',
    undefined,
    { name: 'yarn', version: '1.22.22', lockFile: 'yarn.lock' },
  ],
  [
    'yarn.lock',
    '__metadata:\n  version: 8\n',
    undefined,
    { name: 'yarn', version: '4.9.4', lockFile: 'yarn.lock' },
  ],
  [
    'yarn.lock',
    '__metadata:\n  version: 6\n',
    'yarn@3.6.0',
    { name: 'yarn', version: '3.6.0', lockFile: 'yarn.lock' },
  ],
  [
    'pnpm-lock.yaml',
    "lockfileVersion: '6.0'\n",
    undefined,
    { name: 'pnpm', version: '8.15.9', lockFile: 'pnpm-lock.yaml' },
  ],
  [
    'pnpm-lock.yaml',
    'lockfileVersion: 5.4\n',
    undefined,
    { name: 'pnpm', version: '7.33.7', lockFile: 'pnpm-lock.yaml' },
  ],
  [
    'pnpm-lock.yaml',
    "lockfileVersion: '9.0'\n",
    'pnpm@10.1.0+sha512.abc',
    { name: 'pnpm', version: '10.1.0', lockFile: 'pnpm-lock.yaml' },
  ],
  ['package-lock.json', '{}', 'yarn@1.22.0', { name: 'npm', lockFile: 'package-lock.json' }],
  ['README', '', 'npm@9.0.0', { name: 'npm' }],
  ['README', '', 'pnpm@9.0.0-rc.1+sha512.abc', { name: 'pnpm', version: '9.0.0-rc.1' }],
  // It becomes a folder of the cache.
  ['README', '', 'pnpm@9.0.0/../../elsewhere', { name: 'pnpm', version: '9.0.0' }],
  ['README', '', undefined, { name: 'npm' }],
])('%s with %j and packageManager %s', async (file, text, packageManager, expected) => {
  const files = new SampleRepository(await temporaryFolder());
  await files.write({ [file]: text });
  expect(
    await detectPackageManager(files.folder, { ...EMPTY, ...(packageManager ? { packageManager } : {}) }),
  ).toEqual(expected);
});
