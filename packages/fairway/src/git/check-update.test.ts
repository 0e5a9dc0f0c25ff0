import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { printed, SampleRepository, temporaryFolder } from '../../test/support/sample-repository.ts';
import { Refusal } from '../runner/controller.ts';
import { type AppExpectations, checkUpdate } from './check-update.ts';
import { git } from './git.ts';
import { checkSingle, parsePush } from './pre-receive.ts';
import { ensureRepository } from './repository.ts';

/** Stands for the CLI's hook command: hands stdin and quarantine to the server and prints its answer. */
const HOOK = `
import { readFileSync } from 'node:fs';
if (process.argv.includes('post-receive')) process.exit(0);
const [url] = process.argv.slice(2);
const body = JSON.stringify({ input: readFileSync(0, 'utf8'), environment: process.env });
const answer = await (await fetch(url, { method: 'POST', body })).text();
if (answer) { process.stderr.write(answer + '\\n'); process.exit(1); }
`;

/** A repository whose pushes this process checks, as the control server does. */
async function receiving(app: AppExpectations = {}, settings: Record<string, string> = {}) {
  const folder = await temporaryFolder();
  const repository = join(folder, 'repositories: of mine', 'shop.git');
  const server = createServer((request, response) => {
    void (async () => {
      let text = '';
      for await (const chunk of request) text += chunk;
      const { input, environment } = JSON.parse(text) as { input: string; environment: NodeJS.ProcessEnv };
      try {
        const updates = parsePush(input, environment);
        checkSingle(updates);
        for (const update of updates) await checkUpdate(repository, 'production', update, app);
        response.end();
      } catch (error) {
        if (!(error instanceof Refusal)) response.end(String(error));
        else response.end([error.message, error.hint].filter(Boolean).join('\n'));
      }
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const hook = join(folder, 'hook.mjs');
  await writeFile(hook, HOOK);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await ensureRepository({
    path: repository,
    app: 'shop',
    branch: 'production',
    hookCommand: [process.execPath, hook, url],
    state: folder,
  });
  for (const [key, value] of Object.entries(settings)) await git(['config', key, value], { repository });
  const sample = await SampleRepository.create(folder);
  await sample.commit({ 'index.js': '1' }, 'Begin');
  return { folder, repository, sample };
}

type Receiving = Awaited<ReturnType<typeof receiving>>;

/** What the person pushing reads; undefined when the push is taken. */
async function push({ repository, sample }: Receiving, ...refs: string[]): Promise<string | undefined> {
  try {
    await sample.tryGit('push', repository, ...refs);
    return undefined;
  } catch (error) {
    return printed(error)
      .split('\n')
      .flatMap((line) => (line.startsWith('remote: ') ? [line.slice(8).trimEnd()] : []))
      .join('\n');
  }
}

async function refs({ repository }: Receiving): Promise<string> {
  return await git(['for-each-ref'], { repository });
}

test('a push to the branch that deploys is taken, its objects read while they are in quarantine', async () => {
  const there = await receiving();
  expect(await push(there, 'main:production')).toBeUndefined();
  const commit = await there.sample.commit({ 'index.js': '2' });
  expect(await push(there, 'main:production')).toBeUndefined();
  expect(await refs(there)).toContain(commit);
});

test('a forced push to an older commit is taken: that is a deploy too', async () => {
  const there = await receiving();
  await there.sample.commit({ 'index.js': '2' });
  await push(there, 'main:production');
  expect(await push(there, '+main~1:production')).toBeUndefined();
});

const BY_NAME: readonly [string, readonly string[], string][] = [
  [
    'another branch',
    ['main'],
    '"main" does not deploy here.\nPush to production: git push fairway main:production',
  ],
  [
    'a tag',
    ['v1'],
    `"v1" is a tag, and tags do not deploy.\nPush its commit to production: git push fairway 'v1^{commit}:refs/heads/production'`,
  ],
  [
    'another ref',
    ['main:refs/notes/x'],
    '"refs/notes/x" does not deploy here.\nPush to production: git push fairway HEAD:refs/heads/production',
  ],
  [
    'several refs',
    ['main', 'main:production', 'v1'],
    'This push changes 3 refs (main, production, v1); a push deploys one commit.\nPush only the branch that deploys: git push fairway BRANCH',
  ],
];

test.each(BY_NAME)('%s is refused by name', async (_, names, message) => {
  const there = await receiving();
  await there.sample.git('tag', 'v1');
  expect(await push(there, ...names)).toBe(message);
  expect(await refs(there)).toBe('');
});

test('the branch that deploys cannot be deleted', async () => {
  const there = await receiving();
  await push(there, 'main:production');
  const before = await refs(there);
  expect(await push(there, ':production')).toBe(
    '"production" cannot be deleted: it says what runs.\nTo take the app down, remove it from fairway.yml and run "fairway apply".',
  );
  expect(await refs(there)).toBe(before);
});

test('deleting a ref that does not deploy is refused', async () => {
  const there = await receiving();
  await push(there, 'main:production');
  await git(['update-ref', 'refs/heads/old', 'refs/heads/production'], { repository: there.repository });
  expect(await push(there, ':old')).toBe('"old" does not deploy here, so there is nothing to delete.');
});

test('a commit without files is refused', async () => {
  const there = await receiving();
  await there.sample.git('rm', '-q', 'index.js');
  const commit = await there.sample.commit({}, 'Remove all');
  expect(await push(there, 'main:production')).toBe(
    `Commit ${commit.slice(0, 12)} holds no file.\nWas "git add" forgotten?`,
  );
});

test('a commit without the app’s folder is refused', async () => {
  const there = await receiving({ directory: 'server/site' });
  const commit = await there.sample.git('rev-parse', 'HEAD');
  expect(await push(there, 'main:production')).toBe(
    `Commit ${commit.slice(0, 12)} has no folder "server/site", where fairway.yml says that the app is.\nCorrect the app's directory: in fairway.yml, or push the commit that has it.`,
  );
  await there.sample.commit({ 'server/site/index.js': '' });
  expect(await push(there, 'main:production')).toBeUndefined();
});

const SUBMODULES: readonly [string, string | undefined, string][] = [
  [
    'without an address',
    undefined,
    'lib is a submodule, but .gitmodules does not say where it comes from.\nAdd it with "git submodule add URL lib", or remove it with "git rm --cached lib".',
  ],
  [
    'with a relative address',
    '../lib.git',
    "The submodule lib comes from ../lib.git, relative to where the app's repository was cloned from, which Fairway does not know.\nGive the app a repository: in fairway.yml, or write the submodule's full address into .gitmodules.",
  ],
  [
    'that would run a program',
    'ext::sh -c id',
    'The submodule lib comes from "ext::sh -c id", which is no address that Fairway fetches from.\nUse https://, ssh://, user@host:path, or an absolute path, in .gitmodules.',
  ],
];

test.each(SUBMODULES)('a submodule %s is refused', async (_, url, message) => {
  const there = await receiving({}, { 'receive.fsckObjects': 'false' });
  await there.sample.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},lib`);
  if (url !== undefined) {
    await there.sample.write({ '.gitmodules': `[submodule "lib"]\n\tpath = lib\n\turl = "${url}"\n` });
    await there.sample.git('add', '.gitmodules');
  }
  await there.sample.git('commit', '-q', '-m', 'Add lib');
  expect(await push(there, 'main:production')).toBe(message);
});

test('LFS content that was not pushed is missed, unless it can be fetched later', async () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12\n`;
  const files = { '.gitattributes': '*.png filter=lfs -text\n', 'logo.png': pointer };
  const there = await receiving();
  await there.sample.write(files);
  const raw = ['-c', 'filter.lfs.process=', '-c', 'filter.lfs.required=false'];
  await there.sample.git(...raw, 'add', '-A');
  await there.sample.git(...raw, 'commit', '-qm', 'Add logo');
  expect(await push(there, 'main:production')).toBe(
    'logo.png is kept in Git LFS, and its content was not pushed.\nPush it first: git lfs push --all fairway',
  );
  const fetching = await receiving({ upstream: 'https://example.org/shop.git' });
  expect(await push({ ...fetching, sample: there.sample }, 'main:production')).toBeUndefined();
});

/** An update as a hook would send it, for objects that git itself would not let through a push. */
function update(newCommit: string, environment: Record<string, string> = {}) {
  return { ref: 'refs/heads/production', oldCommit: '0'.repeat(40), newCommit, environment };
}

test('a tree with .. in it is refused even if git lets it through', async () => {
  const { sample } = await receiving();
  const blob = await sample.git('hash-object', '-w', 'index.js');
  await sample.write({
    tree: { text: Buffer.concat([Buffer.from('100644 ..\0'), Buffer.from(blob, 'hex')]) },
  });
  const tree = await sample.git('hash-object', '-w', '-t', 'tree', '--literally', 'tree');
  const commit = await sample.git('commit-tree', tree, '-m', 'Evil');
  await expect(checkUpdate(join(sample.folder, '.git'), 'production', update(commit))).rejects.toMatchObject({
    code: 'push-unsafe-path',
    message: `Commit ${commit.slice(0, 12)} holds the path "..", which cannot be checked out safely.`,
    hint: 'Rename or remove it.',
  });
});

test('a commit with a missing file is refused', async () => {
  const { sample } = await receiving();
  const commit = await sample.commit({ 'gone.txt': 'gone' });
  const blob = await sample.git('rev-parse', 'HEAD:gone.txt');
  await rm(join(sample.folder, '.git', 'objects', blob.slice(0, 2), blob.slice(2)));
  await expect(checkUpdate(join(sample.folder, '.git'), 'production', update(commit))).rejects.toMatchObject({
    code: 'push-missing-object',
    hint: 'Run "git fsck" in your repository, then push again.',
    message: expect.stringContaining(`Commit ${commit.slice(0, 12)} cannot be checked out: `) as string,
  });
});

test('what is no commit is refused with its kind', async () => {
  const { sample } = await receiving();
  await sample.git('tag', '-a', '-m', 'One', 'v1');
  const tag = await sample.git('rev-parse', 'v1');
  const tree = await sample.git('rev-parse', 'HEAD^{tree}');
  const repository = join(sample.folder, '.git');
  await expect(checkUpdate(repository, 'production', update(tag))).rejects.toMatchObject({
    message: `${tag.slice(0, 12)} is a tag; only a commit deploys.`,
    hint: "Push its commit: git push fairway 'TAG^{commit}:refs/heads/production'",
  });
  await expect(checkUpdate(repository, 'production', update(tree))).rejects.toMatchObject({
    message: `${tree.slice(0, 12)} is a tree; only a commit deploys.`,
    hint: undefined,
  });
  await expect(checkUpdate(repository, 'production', update('1'.repeat(40)))).rejects.toMatchObject({
    message: '111111111111 did not arrive with the push.',
    hint: 'Push again.',
  });
});

test('a quarantine folder outside of the repository is refused, and other variables have no effect', async () => {
  const { folder, sample } = await receiving();
  const repository = join(sample.folder, '.git');
  const commit = await sample.git('rev-parse', 'HEAD');
  await mkdir(join(folder, 'elsewhere'));
  const outside = update(commit, { GIT_QUARANTINE_PATH: join(folder, 'elsewhere') });
  await expect(checkUpdate(repository, 'production', outside)).rejects.toMatchObject({
    code: 'push-quarantine',
    message: `${join(folder, 'elsewhere')} is no quarantine folder of ${repository}.`,
  });
  await checkUpdate(
    repository,
    'production',
    update(commit, { GIT_DIR: folder, GIT_OBJECT_DIRECTORY: folder }),
  );
});
