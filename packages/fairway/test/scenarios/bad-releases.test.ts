import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkOut, commitFiles } from './app-commit.ts';
import { editForThisTest } from './configure.ts';
import { Look } from './look.ts';
import { Pushing } from './pushing.ts';
import { Rehearsal } from './rehearsal.ts';

let production: Rehearsal;
let look: Look;
let good: string;

beforeAll(async () => {
  production = await Rehearsal.start({ instances: 2, deploy: ', stop_timeout: 1s' });
  look = new Look(production);
  good = await production.change();
  expect((await production.push()).output).toContain('succeeded');
});

afterAll(async () => {
  expect(await production.end()).toEqual([]);
});

/** Pushes `files` on top of the good commit, and leaves the work tree at the good commit again. */
async function push(files: Readonly<Record<string, string>>) {
  await checkOut(production, good);
  const commit = await commitFiles(production, files, 'Try something');
  const { output } = await production.push();
  await checkOut(production, good);
  return { commit, output, rollout: await look.newest() };
}

async function expectGoodToServe(): Promise<void> {
  expect(await look.serving()).toEqual({ 1: good.slice(0, 12), 2: good.slice(0, 12) });
}

/** An app whose health check answers as told, and which may do something at its start. */
function server({ health = "response.end('ok')", atStart = '', port = 'process.env.PORT' }): string {
  return `const { existsSync } = require('node:fs');
const { createServer } = require('node:http');
${atStart}
createServer((request, response) => {
  if (request.url !== '/health') return response.end('hello');
  ${health};
}).listen(${port}, '127.0.0.1');
`;
}

describe('a release that cannot be had is not rolled out, and nothing is touched', () => {
  it('because its build fails: the last lines of the build tell why', async () => {
    const before = await look.everything();
    const manifest = { name: 'hello', version: '1.0.0', scripts: { build: 'node build.js' } };
    const { output, rollout } = await push({
      'package.json': JSON.stringify(manifest),
      'package-lock.json': JSON.stringify({ ...manifest, lockfileVersion: 3, packages: { '': manifest } }),
      'build.js': "console.log('greeting.ts:1:7: cannot find name answer'); process.exit(1);\n",
    });
    expect(output).toContain('build failed: npm run build ended with exit code 1.');
    expect(output).toMatch(/\| greeting\.ts:1:7: cannot find name answer/);
    expect(output).toMatch(/hello-\d+ FAILED after .*; nothing was touched/);
    expect(output).not.toContain('\\n');
    expect(rollout.outcome).toBe('build failed: npm run build ended with exit code 1; nothing was touched');
    const story = (await production.fairway('show', rollout.id)).stdout;
    expect(story).toMatch(/\| greeting\.ts:1:7: cannot find name answer/);
    const { refs: _, rollouts, ...untouched } = await look.everything();
    expect(rollouts).toBe(before.rollouts + 1);
    expect(before).toMatchObject(untouched);
  });

  it('because before_deploy fails: what it printed tells why', async () => {
    await editForThisTest(production, [
      'drain_timeout',
      'hooks: { before_deploy: node migrate.js }, drain_timeout',
    ]);
    const before = await look.everything();
    const { output, rollout } = await push({
      'migrate.js': "console.log('table users is locked'); process.exit(4);\n",
    });
    expect(output).toContain('before_deploy | table users is locked');
    expect(output).toMatch(/TAKING BACK: before_deploy failed: `node migrate.js` ended with exit code 4/);
    expect(rollout.status).toBe('taken-back');
    const { revision, pids } = await look.everything();
    expect({ revision, pids }).toEqual({ revision: before.revision, pids: before.pids });
  });
});

describe('a release that does not serve is taken back', () => {
  it('as soon as it has crashed three times, with what it said last', async () => {
    const { output, rollout } = await push({
      'server.js': "console.error('cannot find the database'); process.exit(3);\n",
    });
    expect(output).toMatch(/TAKING BACK: 1 crashed 3 times: exit code 3/);
    expect(output).toMatch(/\| cannot find the database/);
    expect(output).toMatch(/hello-\d+ was TAKEN BACK/);
    // Long before the 10 s that a release has to become healthy.
    expect(rollout.finishedAt! - rollout.requestedAt).toBeLessThan(8_000);
    await expectGoodToServe();
  });

  it.each([
    [
      'never becomes healthy',
      server({ health: 'response.writeHead(500).end()' }),
      /1 was not healthy within 2 s: 500/,
    ],
    ['listens on another port', server({ port: '0' }), /1 was not healthy within 2 s: connection refused/],
  ])('when it %s', async (_, text, reason) => {
    await editForThisTest(production, ['start_timeout: 10s', 'start_timeout: 2s']);
    const { output } = await push({ 'server.js': text });
    expect(output).toMatch(reason);
    // What the release before it in this slot has logged would mislead.
    expect(output).toContain('hello/1/a wrote nothing to its log');
    expect(output).toMatch(/hello-\d+ was TAKEN BACK/);
    await expectGoodToServe();
  });

  it('when it becomes unhealthy after it was admitted; during the soak no other instance is touched', async () => {
    await editForThisTest(
      production,
      ['start_timeout: 10s', 'start_timeout: 2s'],
      ['drain_timeout', 'soak: 5s, drain_timeout'],
    );
    const before = await look.pids();
    const broken = join(production.workspace.folder, 'broken');
    const health = `response.writeHead(existsSync(${JSON.stringify(broken)}) ? 503 : 200).end()`;
    await checkOut(production, good);
    await commitFiles(production, { 'server.js': server({ health }) }, 'Leak connections');
    const pushing = Pushing.begin(production);
    await pushing.prints('hello/1/a  admitted');
    await writeFile(broken, '');
    const { output } = await pushing.end();
    expect(output).toMatch(/hello\/1\/a became unhealthy: 503/);
    expect(output).toMatch(/TAKING BACK: 1 has been unhealthy for 2 s: 503/);
    expect((await look.pids())['2/a']).toBe(before['2/a']);
    await expectGoodToServe();
  });

  it('with surge, without an old instance having left for it', async () => {
    await editForThisTest(production, ['max_unavailable: 1', 'max_unavailable: 0, surge: 1']);
    const before = await look.pids();
    const sampler = production.sampler();
    const { output } = await push({ 'server.js': 'process.exit(3);\n' });
    const { minServing, samples } = sampler.take();
    await sampler.stop();
    expect(output).toMatch(/hello-\d+ was TAKEN BACK/);
    expect(minServing).toBe(2);
    expect(samples).toBeGreaterThan(2);
    expect(await look.pids()).toEqual(before);
  });
});

describe('what is wrong with the old release, or after the last instance, does not end an update', () => {
  it('an old release that ignores SIGTERM is killed at stop_timeout', async () => {
    const deaf = server({ atStart: "process.on('SIGTERM', () => undefined);" });
    const { output: before } = await push({ 'server.js': deaf });
    expect(before).toContain('succeeded');
    const { output, commit } = await push({ 'new.txt': 'an update' });
    expect(output).toMatch(/hello\/1\/a {2}stopped in 1\.\ds/);
    expect(output).toMatch(/hello\/2\/a {2}stopped in 1\.\ds/);
    expect(output).toContain('succeeded');
    good = commit;
    await expectGoodToServe();
  });

  it('an after_deploy that fails is noted', async () => {
    await editForThisTest(production, [
      'drain_timeout',
      'hooks: { after_deploy: node notify.js }, drain_timeout',
    ]);
    const { output, commit } = await push({
      'notify.js': "console.log('no such channel'); process.exit(1);\n",
    });
    expect(output).toContain('after_deploy | no such channel');
    expect(output).toMatch(
      /hello-\d+ succeeded after .*: after_deploy failed: `node notify.js` ended with exit code 1/,
    );
    good = commit;
    await expectGoodToServe();
  });
});
