import semver from 'semver';
import { expect, test } from 'vitest';
import { SampleRepository, temporaryFolder } from '../../../test/support/sample-repository.ts';
import { parseVersion, wantedNode } from './node-version.ts';

test.each([
  ['v20.1.0', '20.1.0', '20.1.1'],
  ['20', '20.9.0', '22.0.0'],
  ['>=18 <21', '20.9.0', '22.0.0'],
  ['lts/iron', '20.9.0', '22.0.0'],
  ['lts/*', '22.9.0', '23.0.0'],
])('%s takes %s and not %s', (text, yes, no) => {
  const { range } = parseVersion(text, '.nvmrc')!;
  expect([semver.satisfies(yes, range), semver.satisfies(no, range)]).toEqual([true, false]);
});

test('a range is told as it was written', () => {
  expect(parseVersion('10', '.nvmrc')).toEqual({ range: '10', source: '.nvmrc' });
});

test.each(['node', 'stable', 'latest'])('%s is any Node', (text) => {
  expect(parseVersion(text, '.nvmrc')).toBeUndefined();
});

test('the configuration comes before .nvmrc, that before .node-version, and engines last', async () => {
  const files = new SampleRepository(await temporaryFolder());
  const app = {
    engines: { node: '16' },
    scripts: {},
    dependencies: {},
    devDependencies: {},
    optionalDependencies: {},
  };
  const source = async (configured?: string) => (await wantedNode(configured, [files.folder], app))?.source;
  expect(await source()).toBe('engines.node in package.json');
  await files.write({ '.node-version': '18\n' });
  expect(await source()).toBe('.node-version');
  await files.write({ '.nvmrc': '# ours\n\n20 # iron\n' });
  expect(await source()).toBe('.nvmrc');
  expect(await source('22')).toBe('runtime.version in fairway.yml');
});
