import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { processesOf } from '../../../demo/src/demo/left-behind.ts';
import { FAIRWAY, git } from '../../../demo/src/demo/workspace.ts';
import type { Target } from '../../../demo/src/load/request.ts';
import { checkOut, commitFiles } from './app-commit.ts';
import { edit, editForThisTest } from './configure.ts';
import { Look } from './look.ts';
import { Pushing } from './pushing.ts';
import { Rehearsal } from './rehearsal.ts';
import { visit } from './visit.ts';

let production: Rehearsal;
let look: Look;
let target: Target;
/** The commit that serves before each case. */
let standing: string;

beforeAll(async () => {
  production = await Rehearsal.start({ instances: 3 });
  look = new Look(production);
  target = await production.target();
  standing = await commitFiles(production, { 'server.js': server('first') }, 'Say first');
  expect((await production.push()).output).toContain('succeeded');
});

afterAll(async () => {
  expect(await production.end()).toEqual([]);
});

/** What a failed case left moving must not hold up the others. */
afterEach(async () => {
  for (const { id, finishedAt } of await look.rollouts()) {
    if (finishedAt !== undefined) continue;
    await look.client.steer('abort', id, 'the test has ended');
    await look.ended(id);
  }
});

/** An app that says what it is, takes its time on /slow, and logs. */
function server(says: string): string {
  return `const { createServer } = require('node:http');
createServer((request, response) => {
  if (request.url === '/slow') return setTimeout(() => response.end('slow, but here'), 1000);
  response.end('${says} ' + (process.env.COLOUR ?? 'without colour'));
}).listen(process.env.PORT, '127.0.0.1');
console.log('instance ' + process.env.FAIRWAY_INSTANCE + ' says ${says}');
`;
}

async function fairway(...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await production.fairway(...words);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) });
  return stdout;
}

async function says(host = 'hello.localhost'): Promise<string> {
  return (await visit(target, host)).body;
}

async function expectAllToServe(commit: string): Promise<void> {
  const release = commit.slice(0, 12);
  expect(await look.serving()).toEqual({ 1: release, 2: release, 3: release });
}

it('with nothing earlier a rollback is refused, and changes nothing', async () => {
  const before = await look.everything();
  const { exitCode, stderr } = await production.fairway('rollback', 'hello');
  expect(exitCode).toBe(1);
  expect(stderr).toContain('hello has no earlier good release to go back to');
  expect(stderr).toContain('Next: See what there is: fairway releases hello');
  expect(await look.everything()).toEqual(before);
});

describe('a rollout under way', () => {
  it('holds when it is paused, once the instance under way is done, and goes on when it is resumed', async () => {
    const commit = await commitFiles(production, { 'server.js': server('second') }, 'Say second');
    const pushing = Pushing.begin(production);
    await pushing.prints('hello/1/a  draining');
    const paused = await fairway('pause', 'hello', '--reason', 'the graphs look odd');
    await pushing.prints('instance 1 done');
    expect(await fairway('status')).toMatch(/deploy .* moving/);
    expect(paused).toMatch(/hello-\d+ holds where it is/);
    expect(pushing.output).toMatch(/paused by .*: the graphs look odd/);
    expect(pushing.output).toContain('waiting: paused; go on with: fairway resume hello');
    expect(pushing.output).not.toContain('hello/2/a  draining');
    expect(await look.serving()).toEqual({
      1: commit.slice(0, 12),
      2: standing.slice(0, 12),
      3: standing.slice(0, 12),
    });

    expect(await fairway('resume', 'hello')).toMatch(/hello-\d+ goes on/);
    expect((await pushing.end()).output).toContain('succeeded');
    standing = commit;
    await expectAllToServe(standing);
  });

  it('goes back to the release before when it is aborted, and tells who asked for it and why', async () => {
    await commitFiles(production, { 'server.js': server('unwanted') }, 'Say what nobody wants');
    const pushing = Pushing.begin(production);
    await pushing.prints('instance 1 done');
    const told = await fairway('abort', 'hello', '--reason', 'payments fail');
    const { output } = await pushing.end();
    await checkOut(production, standing);

    expect(told).toMatch(/hello-\d+ is being taken back/);
    expect(output).toMatch(/TAKING BACK: aborted by root.*: payments fail/);
    expect(output).toMatch(/hello-\d+ was TAKEN BACK after .*: aborted by root.*: payments fail/);
    const story = await fairway('show', 'hello');
    expect(story).toMatch(/abort asked for by root.*: payments fail/);
    await expectAllToServe(standing);
    expect(await fairway('audit')).toMatch(/rollout\.abort.*payments fail/);
  });

  it('is aborted once, however often it is asked for', async () => {
    await commitFiles(production, { 'server.js': server('unwanted too') }, 'Say it again');
    const pushing = Pushing.begin(production);
    await pushing.prints('instance 1 done');
    const { id } = await look.newest();
    await look.client.steer('abort', id, 'the first');
    await look.client.steer('abort', id, 'the second');
    await pushing.end();
    await checkOut(production, standing);
    expect(await look.ended(id)).toMatchObject({ status: 'taken-back' });
    expect((await look.newest()).outcome).toMatch(/: the first$/);
    await expectAllToServe(standing);

    const { exitCode, stderr } = await production.fairway('abort', id);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`${id} has ended already: taken-back`);
  });

  it('that still builds ends its build when it is aborted; what waits behind it can be aborted as well', async () => {
    const before = await look.everything();
    const manifest = { name: 'hello', version: '1.0.0', scripts: { build: 'node build.js' } };
    await commitFiles(
      production,
      {
        'package.json': JSON.stringify(manifest),
        'package-lock.json': JSON.stringify({ ...manifest, lockfileVersion: 3, packages: { '': manifest } }),
        'build.js': "console.log('compiling'); setTimeout(() => undefined, 60_000);\n",
      },
      'Build for long',
    );
    const building = Pushing.begin(production);
    await building.prints('| compiling');
    await commitFiles(production, {}, 'Wait behind it');
    const waiting = Pushing.begin(production);
    await waiting.prints('queued behind');
    const { id } = await look.newest();
    await fairway('abort', id);
    expect((await waiting.end()).output).toMatch(/was TAKEN BACK after .*aborted by .*nothing was touched/);
    await fairway('abort', 'hello');
    expect((await building.end()).output).toMatch(/was TAKEN BACK after .*aborted by .*nothing was touched/);
    await checkOut(production, standing);
    expect(processesOf(production.workspace.folder).filter((line) => line.includes('build.js'))).toEqual([]);
    const { revision, pids } = await look.everything();
    expect({ revision, pids }).toEqual({ revision: before.revision, pids: before.pids });
  });
});

describe('without a push', () => {
  it('a folder is deployed as it is, committed or not', async () => {
    const folder = join(production.workspace.folder, 'a copy');
    await cp(production.workspace.app, folder, { recursive: true });
    await writeFile(join(folder, 'server.js'), server('from a folder'));
    expect(await fairway('deploy', 'hello', '--path', folder)).toContain('succeeded');
    expect(await says()).toContain('from a folder');
  });

  it('a commit that was pushed before is deployed by a part of its id', async () => {
    const output = await fairway(
      'deploy',
      'hello',
      '--commit',
      standing.slice(0, 9),
      '--reason',
      'it was good',
    );
    expect(output).toContain('was built before: nothing to build');
    expect(await says()).toContain('second');
    await expectAllToServe(standing);
  });

  it("the newest commit of the app's repository: is fetched and deployed", async () => {
    const upstream = join(production.workspace.folder, 'upstream.git');
    await git(production.workspace.app, ['clone', '--quiet', '--bare', '.', upstream]);
    const commit = await commitFiles(production, { 'server.js': server('from upstream') }, 'Say where from');
    await git(production.workspace.app, ['push', '--quiet', upstream, 'HEAD:production']);
    await editForThisTest(production, ['runtime:', 'repository: ../upstream.git\n    runtime:']);
    expect(await fairway('deploy', 'hello')).toContain('succeeded');
    expect(await says()).toContain('from upstream');
    await expectAllToServe(commit);
  });

  it('a rollback goes to the release that is named', async () => {
    const releases = await look.client.releases('hello');
    const second = releases.find((release) => release.commit === standing);
    expect(releases.length).toBeGreaterThan(2);
    expect(await fairway('rollback', 'hello', second!.id, '--reason', 'as it was')).toContain('succeeded');
    expect(await says()).toContain('second');
    await expectAllToServe(standing);
  });
});

it('a command runs once in the current release: its output, and its exit code', async () => {
  const script =
    "console.log(process.env.FAIRWAY_COMMIT, require('fs').existsSync('server.js')); process.exit(7)";
  const { state } = production.workspace;
  const command = ['--state', state, 'run', 'hello', '--', 'node', '-e', script];
  const { exitCode, stdout } = await execa(process.execPath, [FAIRWAY, ...command], { reject: false });
  expect(stdout).toBe(`${standing} true`);
  expect(exitCode).toBe(7);
});

it('the logs are those of all instances, or of the one that is named', async () => {
  const all = await fairway('logs', 'hello', '--lines', '1');
  for (const instance of ['1', '2', '3']) expect(all).toMatch(new RegExp(`instance ${instance} says second`));
  const one = await fairway('logs', 'hello', '--lines', '1', '--instance', '2');
  expect(one).toContain('instance 2 says second');
  expect(one).not.toContain('instance 1');
});

describe('apply', () => {
  it('with what runs already there is nothing to do', async () => {
    expect(await fairway('apply')).toBe('Nothing to do: what runs is what fairway.yml says.');
  });

  it('replaces the instances when their environment changes', async () => {
    const before = await look.pids();
    await edit(production, ['runtime:', 'env: { COLOUR: red }\n    runtime:']);
    expect(await fairway('plan', 'apply')).toContain('COLOUR');
    expect(await look.pids()).toEqual(before);
    expect(await fairway('apply', '--reason', 'red it is')).toContain('succeeded');
    expect(await says()).toBe('second red');
    const after = Object.values(await look.pids());
    expect(after).toHaveLength(3);
    expect(after.filter((pid) => Object.values(before).includes(pid))).toEqual([]);
  });

  it('restarts nothing when only the routes change', async () => {
    const before = await look.pids();
    await edit(production, ['runtime:', 'route: { hosts: [hello.localhost] }\n    runtime:']);
    expect((await visit(target, 'other.localhost')).status).toBe(200);
    expect(await fairway('apply')).toContain('succeeded');
    expect((await visit(target, 'other.localhost')).status).toBe(404);
    expect(await says()).toBe('second red');
    expect(await look.pids()).toEqual(before);
  });

  it('serves a second app by its own host name, and takes it away again without losing its requests', async () => {
    const folder = join(production.workspace.folder, 'docs');
    await cp(production.workspace.app, folder, { recursive: true });
    await writeFile(join(folder, 'server.js'), server('docs'));
    const before = await look.pids();
    const docs = `  docs:
    runtime: { type: node }
    instances: 2
    health: { path: /health, interval: 100ms }
    route: { hosts: [docs.localhost] }
`;
    await edit(production, [/$/, docs]);
    expect(await fairway('deploy', 'docs', '--path', folder)).toContain('succeeded');
    expect(await says('docs.localhost')).toContain('docs');
    expect(await says('hello.localhost')).toBe('second red');

    const slow = visit(target, 'docs.localhost', '/slow');
    await expect.poll(async () => await inFlight('docs'), { timeout: 5_000, interval: 10 }).toBe(1);
    await edit(production, [docs, '']);
    expect(await fairway('plan', 'apply')).toContain(
      'removing docs: 2 instances drained, stopped and forgotten',
    );
    expect(await fairway('apply')).toContain('succeeded');
    expect(await slow).toEqual({ status: 200, body: 'slow, but here' });
    expect((await visit(target, 'docs.localhost')).status).toBe(404);
    expect(await look.pids('docs')).toEqual({});
    expect(await fairway('status')).not.toContain('docs');
    expect(await says()).toBe('second red');
    expect(await look.pids()).toEqual(before);
  });
});

async function inFlight(app: string): Promise<number> {
  const servers = (await production.balancer.observe()).pools[app]?.servers ?? [];
  return servers.reduce((sum, server) => sum + server.inFlight, 0);
}
