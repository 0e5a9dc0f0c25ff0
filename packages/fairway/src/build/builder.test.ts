import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { extract } from 'tar';
import { afterEach, expect, test, vi } from 'vitest';
import { type SampleFile, SampleRepository, temporaryFolder } from '../../test/support/sample-repository.ts';
import type { App } from '../config/production.ts';
import { git } from '../git/git.ts';
import { BuildFailed } from './build-failed.ts';
import { type BuildRequest, build } from './builder.ts';

type Files = Readonly<Record<string, string | SampleFile>>;

async function building(files: Files, app: Partial<App> = {}) {
  const folder = await temporaryFolder();
  const sample = await SampleRepository.create(folder);
  const commit = await sample.commit(files, 'Begin');
  const lines: string[] = [];
  const request: BuildRequest = {
    app: {
      name: 'shop',
      directory: '.',
      runtime: { type: 'command' },
      start: ['./run'],
      portEnv: 'PORT',
      buildTimeoutMs: 120_000,
      ...app,
    } as App,
    repository: join(sample.folder, '.git'),
    commit,
    directories: {
      artifacts: join(folder, 'state', 'artifacts'),
      cache: join(folder, 'state', 'cache'),
      work: join(folder, 'state', 'work'),
    },
    buildKey: 'key',
    signal: new AbortController().signal,
    onLine: (line) => lines.push(line),
  };
  return { folder, sample, commit, request, lines, directories: request.directories };
}

async function unpack(file: string, into: string): Promise<string> {
  await mkdir(into, { recursive: true });
  await extract({ file, cwd: into, strict: true, preservePaths: true });
  return into;
}

async function nothingLeft(directories: BuildRequest['directories']): Promise<void> {
  expect(await readdir(directories.work)).toEqual([]);
  expect(await readdir(join(directories.artifacts, 'shop')).catch(() => [])).toEqual([]);
}

afterEach(() => vi.unstubAllEnvs());

test('a release is named by commit and content, and says how it starts', async () => {
  const { commit, request, sample } = await building({ run: { text: '#!/bin/sh\n', executable: true } });
  const release = await build(request);
  expect(release).toMatchObject({
    app: 'shop',
    id: `${commit.slice(0, 12)}-${release.sha256.slice(0, 12)}`,
    commit,
    subject: 'Begin',
    author: 'Ada Lovelace',
    buildKey: 'key',
    launch: { command: ['./run'], directory: '.', path: [] },
  });
  const { stdout } = await promisify(execFile)('sha256sum', [release.file]);
  expect(stdout).toContain(release.sha256);
  expect((await lstat(release.file)).size).toBe(release.sizeBytes);
  expect(await sample.git('status', '--porcelain')).toBe('');
});

test('the same commit built twice, under another umask, gives the same bytes', async () => {
  const { request } = await building({
    'b/run': { text: '#!/bin/sh\n', executable: true },
    a: 'a',
    z: { link: 'a' },
  });
  const first = await build(request);
  const umask = process.umask(0o077);
  const second = await build({ ...request, buildKey: 'other' }).finally(() => process.umask(umask));
  expect(second.sha256).toBe(first.sha256);
});

test('names, links and executable bits come back as they were committed', async () => {
  const names = [
    'with space',
    'üñí çödé 日本',
    'new\nline',
    '@at',
    '-dash',
    'back\\slash',
    'c:colon',
    `q"uo'te`,
  ];
  const files = Object.fromEntries(names.map((name) => [name, { text: name }]));
  const { folder, request } = await building({
    ...files,
    'dir/run': { text: 'x', executable: true },
    'dir/link': { link: '../with space' },
    dangling: { link: 'not/there' },
  });
  const root = await unpack((await build(request)).file, join(folder, 'unpacked'));
  expect((await readdir(root)).filter((name) => name !== '.fairway').sort()).toEqual(
    [...names, 'dir', 'dangling'].sort(),
  );
  for (const name of names) expect(await readFile(join(root, name), 'utf8')).toBe(name);
  expect((await lstat(join(root, 'dir/run'))).mode & 0o111).toBe(0o111);
  expect((await lstat(join(root, 'with space'))).mode & 0o111).toBe(0);
  expect(await readlink(join(root, 'dir/link'))).toBe('../with space');
  expect(await readlink(join(root, 'dangling'))).toBe('not/there');
});

test('a link out of the release is refused, one into it by its whole path is made relative', async () => {
  const inside = await building({ a: 'a' }, { build: ['sh', '-c', 'mkdir d && ln -s "$PWD/a" d/link'] });
  const root = await unpack((await build(inside.request)).file, join(inside.folder, 'unpacked'));
  expect(await readlink(join(root, 'd/link'))).toBe('../a');
  const outside = await building({ logs: { link: '../../var/log' } });
  await expect(build(outside.request)).rejects.toThrow(
    'The build failed at "pack": logs is a link to ../../var/log, outside of the release.',
  );
  await nothingLeft(outside.directories);
  const parent = await building({ up: { link: '..' } });
  await expect(build(parent.request)).rejects.toThrow('up is a link to .., outside of the release.');
});

test('two builds of the same at once run once', async () => {
  const { request, lines, folder } = await building(
    { a: 'a' },
    { build: ['sh', '-c', `echo ran >> "$COUNT"; sleep 0.3`] },
  );
  vi.stubEnv('NPM_CONFIG_COUNT', 'x');
  const count = join(folder, 'count');
  const app = { ...request.app, build: ['sh', '-c', 'echo ran >> "$0"', count] };
  const [one, two] = await Promise.all([build({ ...request, app }), build({ ...request, app })]);
  expect(one).toBe(two);
  expect(await readFile(count, 'utf8')).toBe('ran\n');
  expect(lines.join('\n')).toContain('is being built already; waiting for it.');
});

test('a failed step says command, exit code and its last lines, and leaves nothing', async () => {
  const { request, directories } = await building(
    { a: 'a' },
    { build: ['sh', '-c', 'echo working; printf "\\033[31mno such thing\\033[0m\\n" >&2; exit 3'] },
  );
  const error = await build(request).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BuildFailed);
  expect(error).toMatchObject({ code: 'build-failed', step: 'build', exitCode: 3 });
  const [first, ...rest] = (error as BuildFailed).message.split('\n');
  expect(first).toMatch(/^The build failed at "build": sh -c .* ended with exit code 3\.$/);
  expect(rest).toEqual(['Its output:', '  working', '  no such thing']);
  await nothingLeft(directories);
});

test('a program that is not there is named', async () => {
  const { request } = await building({ a: 'a' }, { build: ['not-a-program-at-all'] });
  await expect(build(request)).rejects.toThrow(
    'The build failed at "build": not-a-program-at-all cannot be started (ENOENT).\nInstall it on this machine, or correct the command in fairway.yml.',
  );
});

test('a build that takes too long is ended with everything it started', async () => {
  const script = `
    const { spawn } = require('node:child_process');
    const { writeFileSync } = require('node:fs');
    const code = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)';
    const child = spawn(process.execPath, ['-e', code]);
    const away = spawn(process.execPath, ['-e', code], { detached: true, stdio: 'ignore' });
    writeFileSync(process.argv[2], child.pid + ' ' + away.pid);
    console.log('waiting');
    setInterval(() => {}, 1000);`;
  const { folder, request, directories } = await building({ 'wait.cjs': script }, { buildTimeoutMs: 1_500 });
  const pids = join(folder, 'pids');
  const app = { ...request.app, build: ['sh', '-c', 'node wait.cjs "$0"; true', pids] };
  await expect(build({ ...request, app })).rejects.toMatchObject({
    code: 'build-timed-out',
    message: expect.stringContaining(
      'was ended: the build took longer than 2 s.\nIts output:\n  waiting\n',
    ) as string,
    hint: "If it needs longer, raise the app's build_timeout in fairway.yml.",
  });
  for (const pid of (await readFile(pids, 'utf8')).split(' ')) {
    await vi.waitFor(() => expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH'), { timeout: 3_000 });
  }
  await nothingLeft(directories);
}, 15_000);

test('a build can be told to stop', async () => {
  const controller = new AbortController();
  const { request, directories } = await building(
    { a: 'a' },
    { build: ['sh', '-c', 'echo ready; sleep 60'] },
  );
  const onLine = (line: string) => line === 'ready' && controller.abort();
  await expect(build({ ...request, onLine, signal: controller.signal })).rejects.toMatchObject({
    code: 'build-aborted',
  });
  await nothingLeft(directories);
});

test('what a killed controller left behind is removed by the next build', async () => {
  const { request, directories } = await building({ a: 'a' });
  const dead = execFile('true');
  await new Promise((resolve) => dead.on('exit', resolve));
  const left = `build-${dead.pid}-00000000-0000-4000-8000-000000000000-shop-123456789012`;
  await mkdir(join(directories.work, left, 'source'), { recursive: true });
  await build(request);
  expect(await readdir(directories.work)).toEqual([]);
});

test('endless output is bounded in length and count, and the end is still known', async () => {
  const { request, lines } = await building(
    { a: 'a' },
    {
      build: [
        'node',
        '-e',
        'console.log("x".repeat(5e6)); for (let i = 0; i < 30000; i++) console.log(i); process.exitCode = 1',
      ],
    },
  );
  const error = await build(request).catch((caught: unknown) => caught as BuildFailed);
  expect((error as BuildFailed).lastLines.at(-1)).toBe('29999');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(2_100);
  expect(lines.length).toBeLessThan(20_100);
});

test('the build sees neither a hook’s git variables nor the server’s secrets', async () => {
  const { request, lines } = await building({ a: 'a' }, { build: ['env'] });
  vi.stubEnv('GIT_DIR', '/nowhere');
  vi.stubEnv('GIT_INDEX_FILE', '/nowhere/index');
  vi.stubEnv('DATABASE_PASSWORD', 'of the control server');
  await build(request);
  expect(lines).toContain('CI=true');
  expect(
    lines.filter((line) => /^GIT_(DIR|INDEX_FILE)=|DATABASE_PASSWORD|^npm_(package|lifecycle)_/.test(line)),
  ).toEqual([]);
});

test('submodules are checked out with their own submodules, and no git data is in the release', async () => {
  const { folder, sample, request } = await building({ a: 'a' });
  const deep = await SampleRepository.create(folder, 'deep');
  await deep.commit({ 'deep.txt': 'deep' });
  const lib = await SampleRepository.create(folder, 'lib');
  await lib.commit({ 'lib.txt': 'lib' });
  await lib.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', '../deep', 'inner');
  await lib.commit({});
  await sample.git(
    '-c',
    'protocol.file.allow=always',
    'submodule',
    '--quiet',
    'add',
    lib.folder,
    'vendor/lib',
  );
  const commit = await sample.commit({});
  const app = { ...request.app, repository: sample.folder };
  const root = await unpack((await build({ ...request, app, commit })).file, join(folder, 'unpacked'));
  expect(await readFile(join(root, 'vendor/lib/inner/deep.txt'), 'utf8')).toBe('deep');
  expect(
    (await readdir(root, { recursive: true })).filter((path) => path.split('/').includes('.git')),
  ).toEqual([]);
});

test('a submodule that cannot be fetched fails the build with what to check', async () => {
  const { folder, sample, request } = await building({ a: 'a' });
  const lib = await SampleRepository.create(folder, 'lib');
  await lib.commit({ 'lib.txt': 'lib' });
  await sample.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', lib.folder, 'lib');
  await sample.git('config', '-f', '.gitmodules', 'submodule.lib.url', join(folder, 'gone'));
  const commit = await sample.commit({});
  await expect(build({ ...request, commit })).rejects.toMatchObject({
    step: 'submodules',
    message: expect.stringContaining(join(folder, 'gone')) as string,
    hint: expect.stringContaining('check its address in .gitmodules') as string,
  });
});

const hasGitLfs = await promisify(execFile)('git', ['lfs', 'version']).then(
  () => true,
  () => {
    console.warn('SKIPPED: git-lfs is not installed, so nothing is known about LFS content in releases');
    return false;
  },
);

test.skipIf(!hasGitLfs)('LFS content that was pushed along is in the release', async () => {
  const { folder, sample, request } = await building({ a: 'a' });
  await sample.git('lfs', 'install', '--local');
  await sample.git('lfs', 'track', '*.png');
  const commit = await sample.commit({ 'logo.png': 'the real content' });
  const bare = join(folder, 'bare.git');
  await git(['init', '-q', '--bare', bare]);
  await sample.git('remote', 'add', 'fairway', bare);
  await sample.git('push', '-q', 'fairway', 'main');
  const root = await unpack(
    (await build({ ...request, commit, repository: bare })).file,
    join(folder, 'unpacked'),
  );
  expect(await readFile(join(root, 'logo.png'), 'utf8')).toBe('the real content');
});

test('without git-lfs, LFS content is an error that names the package', async () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12\n`;
  const { folder, sample, request } = await building({ a: 'a' });
  await sample.write({ '.gitattributes': '*.png filter=lfs -text\n', 'logo.png': pointer });
  const raw = ['-c', 'filter.lfs.process=', '-c', 'filter.lfs.required=false'];
  await sample.git(...raw, 'add', '-A');
  await sample.git(...raw, 'commit', '-qm', 'Add logo');
  const commit = await sample.git('rev-parse', 'HEAD');
  // A git that has no lfs beside it.
  const { stdout } = await promisify(execFile)('sh', ['-c', 'command -v git']);
  await mkdir(join(folder, 'bin'));
  const wrapper = `#!/bin/sh\nfor word; do [ "$word" = lfs ] && exit 1; done\nexec ${stdout.trim()} "$@"\n`;
  await writeFile(join(folder, 'bin', 'git'), wrapper, { mode: 0o755 });
  vi.stubEnv('PATH', `${join(folder, 'bin')}:${process.env.PATH}`);
  await expect(build({ ...request, commit })).rejects.toThrow(
    'The build failed at "large files": logo.png is kept in Git LFS, and git-lfs is not installed on this machine.\nInstall the package git-lfs (Debian, Ubuntu: apt-get install git-lfs) and deploy again.',
  );
});

test('a registry credential that a build writes into its files stops the release', async () => {
  const token = 'npm_planted0123456789';
  vi.stubEnv('NPM_TOKEN', token);
  const { request, directories } = await building(
    { a: 'a' },
    { build: ['sh', '-c', 'mkdir d; echo "x $NPM_TOKEN" > d/log'] },
  );
  const error = await build(request).catch((caught: unknown) => caught as Error);
  expect((error as Error).message).toContain('d/log holds a credential of a package registry');
  expect((error as Error).message).not.toContain(token);
  await nothingLeft(directories);
});

test('an artifacts folder that cannot be written is a clear error', async () => {
  const { request, directories } = await building({ a: 'a' });
  await mkdir(dirname(directories.artifacts), { recursive: true });
  await writeFile(directories.artifacts, 'in the way');
  await expect(build(request)).rejects.toThrow(
    `The build failed at "pack": the release cannot be written to ${join(directories.artifacts, 'shop')}: a part of the path is no folder.`,
  );
  expect(await readdir(directories.work)).toEqual([]);
});

test('a commit without the app’s folder is a clear error', async () => {
  const { commit, request } = await building({ a: 'a' }, { directory: 'server' });
  await expect(build(request)).rejects.toThrow(
    `commit ${commit.slice(0, 12)} has no folder server, where fairway.yml says that shop is.`,
  );
});

test('a commit from a shallow push is built', async () => {
  const { folder, sample, request } = await building({ a: 'a' });
  const commit = await sample.commit({ a: 'b' });
  const bare = join(folder, 'shallow.git');
  await git(['clone', '-q', '--bare', '--depth=1', `file://${sample.folder}`, bare]);
  expect((await build({ ...request, commit, repository: bare })).commit).toBe(commit);
});
