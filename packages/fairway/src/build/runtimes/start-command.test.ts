import { expect, test } from 'vitest';
import { SampleRepository, temporaryFolder } from '../../../test/support/sample-repository.ts';
import type { PackageJson } from './package-json.ts';
import { plainCommand, startCommand } from './start-command.ts';

const EMPTY: PackageJson = { scripts: {}, dependencies: {}, devDependencies: {}, optionalDependencies: {} };

test.each([
  ['node server.js', ['node', 'server.js']],
  ['node --max-old-space-size=512 dist/main', ['node', '--max-old-space-size=512', 'dist/main']],
  ['next start -p $PORT', ['next', 'start', '-p', '${PORT}']],
  ['next start -p ${PORT}', ['next', 'start', '-p', '${PORT}']],
  ['NODE_ENV=production node app.js', ['env', 'NODE_ENV=production', 'node', 'app.js']],
])('%j needs no shell', (script, command) => {
  expect(plainCommand(script)).toEqual(command);
});

test.each([
  'node a.js && node b.js',
  'node server.js | tee log',
  'node "my server.js"',
  'node -p ${PORT:-80}',
  'node *.js',
  'cd site; node .',
  '',
])('%j is a matter for the shell', (script) => {
  expect(plainCommand(script)).toBeUndefined();
});

test('the start script comes before server.js, and that before main', async () => {
  const files = new SampleRepository(await temporaryFolder());
  await files.write({ 'lib/index.js': '' });
  const withMain = { ...EMPTY, main: 'lib' };
  expect(await startCommand(withMain, files.folder, [])).toEqual(['node', 'lib']);
  await files.write({ 'server.js': '' });
  expect(await startCommand(withMain, files.folder, [])).toEqual(['node', 'server.js']);
  const withScript = { ...withMain, scripts: { start: 'node a && node b' } };
  expect(await startCommand(withScript, files.folder, [])).toEqual(['sh', '-c', 'node a && node b']);
  const withBefore = { ...withMain, scripts: { start: 'node a', prestart: 'node b' } };
  expect(await startCommand(withBefore, files.folder, [])).toEqual(['npm', 'start']);
});

test('an app without any way to start is told where to say it', async () => {
  const folder = await temporaryFolder();
  await expect(startCommand({ ...EMPTY, main: 'gone.js' }, folder, [])).rejects.toThrow(
    'The build failed at "start command": nothing says how the app starts: no start script in package.json, no server.js, and no gone.js (its main).\nSet start: in fairway.yml, for example start: node server.js',
  );
});

test('a start script of a development tool is refused before it fails on the hosts', async () => {
  const folder = await temporaryFolder();
  const app = { ...EMPTY, scripts: { start: 'nodemon server.js' }, devDependencies: { nodemon: '3.0.0' } };
  await expect(startCommand(app, folder, [])).rejects.toThrow(
    'the start script runs nodemon, which is a development dependency and not in the release.',
  );
});
