import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { printed, SampleRepository, temporaryFolder } from '../../../test/support/sample-repository.ts';
import { TestServer } from '../../../test/support/test-server.ts';
import { waitUntil } from '../../../test/support/wait-until.ts';
import { ensureRepository } from '../../git/repository.ts';
import { Refusal } from '../../runner/controller.ts';
import { person, pushReason } from '../person.ts';

const program = fileURLToPath(new URL('../../../bin/fairway.js', import.meta.url));

let server: TestServer;
beforeEach(async () => {
  server = await TestServer.start();
});
afterEach(() => server.dispose());

/** A clone whose `fairway` remote is a repository with the real hooks, run by the compiled CLI. */
async function cloneThatPushes(): Promise<SampleRepository> {
  expect(existsSync(program)).toBe(true);
  const folder = await temporaryFolder();
  const path = join(folder, 'shop.git');
  await ensureRepository({
    path,
    app: 'shop',
    branch: 'production',
    hookCommand: [process.execPath, program],
    state: server.directory,
  });
  const clone = await SampleRepository.create(folder, 'clone');
  await clone.git('remote', 'add', 'fairway', path);
  await clone.commit({ 'server.js': '' }, 'First');
  return clone;
}

async function refs(clone: SampleRepository): Promise<string> {
  return clone.git('ls-remote', 'fairway', 'refs/heads/*');
}

const queuedRollout = () => waitUntil('a rollout', () => server.store.rollouts({ app: 'shop' })[0]);

describe('a git push', () => {
  test('deploys the commit and streams how it goes to the person who pushes', async () => {
    const clone = await cloneThatPushes();
    const commit = await clone.git('rev-parse', 'HEAD');
    const push = clone.tryGit('push', '-o', 'reason=the fix', 'fairway', 'HEAD:production');
    const rollout = await queuedRollout();
    server.controller.happen(
      rollout.id,
      { type: 'build-started', commit },
      { type: 'finished', outcome: 'succeeded', reason: 'all 5 serve' },
    );
    const { stderr } = await push;
    expect(stderr).toMatch(new RegExp(`remote: shop-1 deploys ${commit.slice(0, 12)}`));
    expect(stderr).toMatch(/remote: +\S+s {2}building/);
    expect(stderr).toMatch(/remote: \S+ shop-1 succeeded.*: all 5 serve/);
    const asked = server.controller.asked.find((one) => one.method === 'deploy');
    expect(asked?.args).toMatchObject(['shop', commit, { why: 'the fix' }]);
  });

  test('that is refused prints why, in the words of the server, and moves nothing', async () => {
    const clone = await cloneThatPushes();
    server.controller.refusal = new Refusal(
      409,
      'push-other-branch',
      '"main" does not deploy here.',
      'Push to production: git push fairway main:production',
    );
    const output = printed(await clone.tryGit('push', 'fairway', 'main').catch((error: unknown) => error));
    expect(output).toMatch(/remote: Not accepted: "main" does not deploy here\. *\n/);
    expect(output).toMatch(/remote: Next: Push to production: git push fairway main:production *\n/);
    expect(output).toMatch(/remote: Nothing was changed\. *\n/);
    expect(output).toContain('(pre-receive hook declined)');
    expect(await refs(clone)).toBe('');
    expect(server.store.rollouts({})).toEqual([]);
  });

  test('hands git’s quarantine to the server, where the new objects are', async () => {
    const clone = await cloneThatPushes();
    const push = clone.tryGit('push', 'fairway', 'HEAD:production');
    const rollout = await queuedRollout();
    server.controller.happen(rollout.id, { type: 'finished', outcome: 'succeeded', reason: 'done' });
    await push;
    const [app, update] = server.controller.asked.find((one) => one.method === 'checkPush')!.args;
    expect(app).toBe('shop');
    expect(update).toMatchObject({
      ref: 'refs/heads/production',
      environment: { GIT_QUARANTINE_PATH: expect.stringContaining('shop.git/') },
    });
  });

  test('without a control server is refused, says how to start it, and moves nothing', async () => {
    const clone = await cloneThatPushes();
    await server.running.close();
    const output = printed(
      await clone.tryGit('push', 'fairway', 'HEAD:production').catch((error: unknown) => error),
    );
    expect(output).toMatch(/remote: Not accepted: The control server cannot be reached: it does not run/);
    expect(output).toMatch(/remote: Next: start it with: fairway serve/);
    expect(await refs(clone)).toBe('');
    await server.open();
  });

  test('whose control server hangs says so within seconds, and goes on when it answers again', async () => {
    const clone = await cloneThatPushes();
    let answer = () => {};
    server.controller.checkPush = () =>
      new Promise((resolve) => {
        answer = () => resolve();
      });
    const push = spawn('git', ['push', 'fairway', 'HEAD:production'], {
      cwd: clone.folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let output = '';
    push.stderr.on('data', (piece: Buffer) => {
      output += piece.toString();
    });
    const ended = new Promise((resolve) => push.once('exit', resolve));
    const silence = /remote: The control server at http:\S+ has not answered for 5 s; .* Ctrl-C gives up\./;
    await waitUntil('the push to say that it waits', () => silence.test(output), 10_000);
    expect(await refs(clone)).toBe('');
    answer();
    const rollout = await queuedRollout();
    server.controller.happen(rollout.id, { type: 'finished', outcome: 'succeeded', reason: 'done' });
    expect(await ended).toBe(0);
    expect(output).toContain('shop-1 succeeded');
  });

  test('of several refs is refused before the server is asked', async () => {
    const clone = await cloneThatPushes();
    await clone.git('branch', 'other');
    const output = printed(
      await clone.tryGit('push', 'fairway', 'main', 'other').catch((error: unknown) => error),
    );
    expect(output).toMatch(/remote: Not accepted: This push changes 2 refs/);
    expect(server.controller.asked).toEqual([]);
  });

  test('that fails says so out loud', async () => {
    const clone = await cloneThatPushes();
    const push = clone.tryGit('push', 'fairway', 'HEAD:production');
    const rollout = await queuedRollout();
    server.controller.happen(rollout.id, {
      type: 'finished',
      outcome: 'taken-back',
      reason: 'never healthy',
    });
    const { stderr } = await push;
    expect(stderr).toMatch(/remote: \S+ shop-1 was TAKEN BACK.*: never healthy/);
    expect(stderr).toMatch(/remote: Next: fairway show shop-1/);
  });

  test('whose deploy is refused after the branch has moved says that it is not deployed', async () => {
    const clone = await cloneThatPushes();
    server.controller.checkPush = () => {
      server.controller.refusal = new Refusal(422, 'config-problems', 'fairway.yml cannot be used');
      return Promise.resolve();
    };
    const { stderr } = await clone.tryGit('push', 'fairway', 'HEAD:production');
    expect(stderr).toMatch(/remote: \S+ Pushed, but NOT DEPLOYED: fairway\.yml cannot be used/);
    expect(stderr).toMatch(/remote: Then: fairway deploy shop --commit [0-9a-f]{12}/);
  });

  test('ends with Ctrl-C, and the deploy goes on', async () => {
    const clone = await cloneThatPushes();
    const push = spawn('git', ['push', 'fairway', 'HEAD:production'], {
      cwd: clone.folder,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let output = '';
    push.stderr.on('data', (piece: Buffer) => {
      output += piece.toString();
    });
    const ended = new Promise((resolve) => push.once('exit', resolve));
    const rollout = await queuedRollout();
    await waitUntil('the view begins', () => output.includes('Ctrl-C ends this view'));
    // As a terminal does: to the whole group, git and hook alike.
    process.kill(-push.pid!, 'SIGINT');
    await ended;
    await waitUntil('the stream is closed', () => server.controller.signals.at(-1)!.aborted);
    expect(server.store.rollout(rollout.id)?.status).toBe('queued');
    expect(await refs(clone)).toContain('refs/heads/production');
  });
});

describe('the person who pushes', () => {
  test.each([
    [{ USER: 'anna' }, 'anna'],
    [{ LOGNAME: 'git', SSH_CONNECTION: '10.0.0.7 51022 10.0.0.1 22' }, 'git from 10.0.0.7'],
    [{ USER: 'a\u001b[31m\r\nX-Evil: 1' }, 'a31mX-Evil:1'],
    [{}, 'someone'],
  ])('of %j is %s', (env, name) => {
    expect(person(env)).toBe(name);
  });

  test('gives a reason as a push option', () => {
    const options = {
      GIT_PUSH_OPTION_COUNT: '2',
      GIT_PUSH_OPTION_0: 'ci.skip',
      GIT_PUSH_OPTION_1: 'reason=a b',
    };
    expect(pushReason(options)).toBe('a b');
    expect(pushReason({})).toBeUndefined();
    expect(pushReason({ GIT_PUSH_OPTION_COUNT: '9999999' })).toBeUndefined();
  });
});
