import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test, vi } from 'vitest';
import { SampleBuild } from '../../../test/support/sample-build.ts';
import { serveRegistry } from '../../../test/support/sample-registry.ts';
import type { Release } from '../release.ts';
import type { Steps } from '../steps.ts';
import { fetchNode } from './node-binary.ts';

const run = promisify(execFile);

afterEach(() => vi.unstubAllEnvs());

function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

/** Two packages of the repository's own, the second for development only, and a build script that uses it. */
function appFiles(more: Record<string, unknown> = {}) {
  return {
    'package.json': json({
      name: 'shop',
      version: '1.0.0',
      dependencies: { greeting: 'file:packages/greeting' },
      devDependencies: { shout: 'file:packages/shout' },
      scripts: { start: 'node server.js', build: 'shout > built.txt' },
      ...more,
    }),
    'packages/greeting/package.json': json({ name: 'greeting', version: '1.0.0' }),
    'packages/greeting/index.js': 'module.exports = "hello";',
    'packages/shout/package.json': json({ name: 'shout', version: '1.0.0', bin: 'shout.js' }),
    'packages/shout/shout.js': {
      text: '#!/usr/bin/env node\nconsole.log("HELLO", process.env.NODE_ENV, process.version);\n',
      executable: true,
    },
    'server.js': 'console.log(require("greeting"), process.version);',
    '.gitignore': 'node_modules\nbuilt.txt\n',
  };
}

async function lock(sample: SampleBuild): Promise<void> {
  await run('npm', ['install', '--package-lock-only', '--ignore-scripts', '--offline'], {
    cwd: sample.repository.folder,
  });
}

/** Runs the release as a host would, for apps that end by themselves. */
async function start(sample: SampleBuild, release: Release): Promise<string> {
  const root = await sample.unpack(release);
  const [program, ...words] = release.launch.command;
  const path = [...release.launch.path.map((folder) => join(root, folder)), process.env.PATH];
  const { stdout } = await run(program!, words, {
    cwd: join(root, release.launch.directory),
    env: { PATH: path.join(delimiter) },
  });
  return stdout.trim();
}

test('an app without packages needs no install', async () => {
  const sample = await SampleBuild.create({ 'server.js': 'console.log("up")' });
  const release = await sample.build();
  expect(release.launch).toEqual({ command: ['node', 'server.js'], directory: '.', path: [] });
  expect(await start(sample, release)).toBe('up');
  expect(sample.lines.join('\n')).not.toContain('npm');
});

test('an app is installed by its lock file, built, and left without development packages', async () => {
  const sample = await SampleBuild.create(appFiles());
  await lock(sample);
  const release = await sample.build();
  expect(sample.lines).toContain('$ npm ci --include=dev');
  expect(sample.lines).toContain('$ npm prune --omit=dev --ignore-scripts');
  expect(release.launch).toEqual({
    command: ['node', 'server.js'],
    directory: '.',
    path: ['node_modules/.bin'],
  });
  expect(await start(sample, release)).toBe(`hello ${process.version}`);
  const root = await sample.unpack(release);
  expect(await readFile(join(root, 'built.txt'), 'utf8')).toBe(`HELLO production ${process.version}\n`);
  expect((await readdir(join(root, 'node_modules'))).filter((name) => !name.startsWith('.'))).toEqual([
    'greeting',
  ]);
  expect(JSON.parse(await readFile(join(root, '.fairway/release.json'), 'utf8'))).toMatchObject({
    app: 'shop',
    commit: release.commit,
    node: process.version.slice(1),
    packages: 'npm',
  });
  expect((await sample.build({ buildKey: 'again' })).sha256).toBe(release.sha256);
});

test('development packages are not even fetched when nothing is to be built', async () => {
  const sample = await SampleBuild.create(appFiles({ scripts: { start: 'node server.js' } }));
  await lock(sample);
  await sample.build();
  expect(sample.lines.filter((line) => line.startsWith('$ npm'))).toEqual(['$ npm ci --omit=dev']);
});

test('a lock file that disagrees with package.json is refused with what to do', async () => {
  const sample = await SampleBuild.create(appFiles());
  await lock(sample);
  const { 'package.json': changed } = appFiles({ devDependencies: { loud: 'file:packages/shout' } });
  await sample.repository.write({ 'package.json': changed });
  await expect(sample.build()).rejects.toMatchObject({
    step: 'install',
    message: expect.stringMatching(
      /exit code 1\.\nIts output:\n {2}npm error code EUSAGE\n.* in sync\..*\n {2}npm error Missing: loud@1\.0\.0 from lock file\n/,
    ) as string,
    hint: 'The lock file and package.json disagree: run the install on your machine, commit the lock file and push again.',
  });
});

test('without a lock file the install says what that means', async () => {
  const sample = await SampleBuild.create(appFiles());
  const release = await sample.build();
  expect(sample.lines.join('\n')).toContain('There is no lock file: npm takes the newest versions');
  expect(await start(sample, release)).toBe(`hello ${process.version}`);
});

test('packages whose install scripts npm kept from running are spoken of', async () => {
  const sample = await SampleBuild.create(appFiles({ scripts: {} }));
  const bin = join(sample.folder, 'bin');
  await mkdir(bin);
  const says = '1 package had install scripts blocked because they are not covered by allowScripts:';
  await writeFile(join(bin, 'npm'), `#!/bin/sh\necho 'npm warn install-scripts ${says}'\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${bin}:${process.env.PATH}`);
  await sample.build();
  expect(sample.lines).toContain(
    'npm did not run the install scripts of the packages above. Should the app miss a compiled module, put allow-scripts=PACKAGE into the .npmrc of the user that runs Fairway, or allowScripts into package.json.',
  );
});

test('packages that disagree about their peers are installed as npm 6 did, and it is said', async () => {
  const url = await serveRegistry([
    { name: 'one', version: '1.0.0', peerDependencies: { two: '^1.0.0' } },
    { name: 'two', version: '1.0.0' },
    { name: 'two', version: '2.0.0' },
  ]);
  const sample = await SampleBuild.create({
    'package.json': json({ name: 'shop', dependencies: { one: '1.0.0', two: '2.0.0' } }),
    '.npmrc': `registry=${url}\n`,
    'server.js': 'console.log(require("two/package.json").version)',
  });
  const release = await sample.build();
  expect(sample.lines.join('\n')).toContain('trying once more as npm 6 did (--legacy-peer-deps)');
  expect(sample.lines).toContain('$ npm install --omit=dev --legacy-peer-deps');
  expect(await start(sample, release)).toBe('2.0.0');
});

test('an app in a folder of a workspace is installed from its root and started in its folder', async () => {
  const sample = await SampleBuild.create(
    {
      'package.json': json({ name: 'all', private: true, workspaces: ['apps/*', 'libs/*'] }),
      'apps/web/package.json': json({
        name: 'web',
        version: '1.0.0',
        dependencies: { lib: '1.0.0' },
        scripts: { start: 'node .' },
        main: 'web.js',
      }),
      'apps/web/web.js': 'console.log(require("lib"))',
      'libs/lib/package.json': json({ name: 'lib', version: '1.0.0' }),
      'libs/lib/index.js': 'module.exports = "from lib"',
    },
    { directory: 'apps/web' },
  );
  await lock(sample);
  const release = await sample.build();
  expect(release.launch).toEqual({
    command: ['node', '.'],
    directory: 'apps/web',
    path: ['apps/web/node_modules/.bin', 'node_modules/.bin'],
  });
  expect(await start(sample, release)).toBe('from lib');
});

test('colours that a build prints in spite of NO_COLOR are taken out', async () => {
  const sample = await SampleBuild.create(appFiles(), {
    build: ['printf', '\\033[33mdeprecated\\033[39m\\n'],
  });
  await sample.build();
  expect(sample.lines).toContain('deprecated');
});

test('the configured build and start commands come first', async () => {
  const sample = await SampleBuild.create(appFiles(), {
    build: ['shout'],
    start: ['node', 'server.js', '${PORT}'],
  });
  const release = await sample.build();
  expect(sample.lines).toContain(`HELLO production ${process.version}`);
  expect(release.launch.command).toEqual(['node', 'server.js', '${PORT}']);
});

test('a package.json that cannot be read is a clear error', async () => {
  const sample = await SampleBuild.create({ 'package.json': '{ "name": ' });
  await expect(sample.build()).rejects.toThrow(/^The build failed at "package.json": it is not JSON: /);
});

test('a Node that no package offers is named with who asked for it', async () => {
  const sample = await SampleBuild.create({ 'server.js': '', '.nvmrc': 'twenty\n' });
  await expect(sample.build()).rejects.toThrow(
    'The build failed at "node": .nvmrc asks for Node "twenty", which is no version.\nWrite a version such as 20 or ^20.11, there or as runtime.version in fairway.yml.',
  );
});

const SAUCE = { name: 'secret-sauce', version: '1.0.0', script: 'module.exports = "sauce"' };

const WAYS: readonly [
  string,
  (url: string, token: string) => { user: string; app: string; env: Record<string, string> },
][] = [
  [
    'the user’s .npmrc',
    (url, token) => ({ user: `registry=${url}\n${url.slice(5)}:_authToken=${token}\n`, app: '', env: {} }),
  ],
  [
    'a variable that the app’s .npmrc refers to',
    (url, token) => ({
      user: '',
      app: `registry=${url}\n${url.slice(5)}:_authToken=\${SAUCE_KEY}\n`,
      env: { SAUCE_KEY: token },
    }),
  ],
];

test.each(WAYS)(
  'a private registry is reached with %s, and the token is not in the release',
  async (_, way) => {
    const token = 'planted-token-0123456789';
    const url = await serveRegistry([SAUCE], token);
    const { user, app, env } = way(url, token);
    const sample = await SampleBuild.create({
      'package.json': json({
        name: 'shop',
        dependencies: { 'secret-sauce': '1.0.0' },
        scripts: { build: 'env > env.txt; grep -v -i -e key -e token env.txt > ok.txt; rm env.txt' },
      }),
      'server.js': 'console.log(require("secret-sauce"))',
      ...(app === '' ? {} : { '.npmrc': app }),
    });
    const userConfig = join(sample.folder, 'user-npmrc');
    await writeFile(userConfig, user);
    vi.stubEnv('NPM_CONFIG_USERCONFIG', userConfig);
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const release = await sample.build();
    expect(await start(sample, release)).toBe('sauce');
    expect(gunzipSync(await readFile(release.file)).includes(token)).toBe(false);
    expect(sample.lines.join('\n')).not.toContain(token);
  },
);

test('a registry that refuses says where credentials go', async () => {
  const url = await serveRegistry([SAUCE], 'right');
  const sample = await SampleBuild.create({
    'package.json': json({ name: 'shop', dependencies: { 'secret-sauce': '1.0.0' } }),
    'server.js': '',
    '.npmrc': `registry=${url}\n`,
  });
  await expect(sample.build()).rejects.toMatchObject({
    hint: 'The registry refused the control server: put its credentials into the .npmrc of the user that runs Fairway, or into NPM_TOKEN.',
  });
});

// Slow: fetches Yarn (1 MB) and one small package from the npm registry.
test('an app with a yarn.lock is installed with the Yarn that wrote it', { timeout: 120_000 }, async () => {
  const sample = await SampleBuild.create({
    'package.json': json({ name: 'shop', version: '1.0.0', dependencies: { 'is-number': '7.0.0' } }),
    'yarn.lock': [
      '# yarn lockfile v1',
      'is-number@7.0.0:',
      '  version "7.0.0"',
      '  resolved "https://registry.npmjs.org/is-number/-/is-number-7.0.0.tgz#7535345b896734d5f80c4d06c50955527a14f12b"',
      '  integrity sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9cGvNp6NZWZUBlbGXYxxng==',
      '',
    ].join('\n'),
    'server.js': 'console.log(require("is-number")(7))',
  });
  const release = await sample.build();
  expect(sample.lines).toContain('$ yarn install --production=false --non-interactive --frozen-lockfile');
  expect(await start(sample, release)).toBe('true');
});

// Slow: fetches a Node from the npm registry (about 50 MB).
test('an app that asks for another Node brings it along', { timeout: 240_000 }, async () => {
  const other = process.version.startsWith('v24.') ? 22 : 24;
  const sample = await SampleBuild.create({ ...appFiles(), '.nvmrc': `${other}\n` });
  await lock(sample);
  const release = await sample.build();
  expect(release.launch.path).toEqual(['.fairway/node/bin', 'node_modules/.bin']);
  expect(await start(sample, release)).toMatch(new RegExp(`^hello v${other}\\.`));
  const root = await sample.unpack(release);
  expect(await readFile(join(root, 'built.txt'), 'utf8')).toMatch(
    new RegExp(`^HELLO production v${other}\\.`),
  );
  expect((await stat(join(root, '.fairway/node/bin/node'))).mode & 0o111).toBe(0o111);
  // The second time it comes from the cache.
  const never: Steps = {
    say: () => undefined,
    run: () => Promise.reject(new Error('nothing is to be fetched')),
  };
  const wanted = { range: `^${other}`, source: '.nvmrc' };
  const cached = await fetchNode(
    wanted,
    join(sample.folder, 'state', 'cache'),
    { command: ['npm'], path: [] },
    never,
  );
  expect(cached.version).toMatch(new RegExp(`^${other}\\.`));
});
