import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandLineOptions, runCli } from '../../../test/support/command-line.ts';
import { TestServer } from '../../../test/support/test-server.ts';
import { waitUntil } from '../../../test/support/wait-until.ts';
import { Refusal } from '../../runner/controller.ts';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
  const apps = ['shop', 'young'].map((app) => ({ app, processes: [], queued: [] }));
  server.controller.view = { ...server.controller.view, apps };
});
afterAll(() => server.dispose());

const fairway = (words: readonly string[], options: CommandLineOptions = {}) =>
  runCli(['--state', server.directory, ...words], options);

/** Lets the newest rollout of an app end, once it was asked for. */
async function finish(app: string, before: number, outcome: 'succeeded' | 'failed', reason: string) {
  const rollout = await waitUntil('a rollout', () => {
    const rollouts = server.store.rollouts({ app });
    return rollouts.length > before && rollouts[0];
  });
  server.controller.happen(rollout.id, { type: 'finished', outcome, reason });
  return rollout;
}

describe('deploy', () => {
  test('follows the rollout to its good end and exits with 0', async () => {
    const commit = '3f2a91c4d5e6f708192a3b4c5d6e7f8091a2b3c4';
    const [result, rollout] = await Promise.all([
      fairway(['deploy', 'good', '--commit', commit, '--reason', 'the fix']),
      finish('good', 0, 'succeeded', 'all 5 serve'),
    ]);
    expect(result).toMatchObject({ exitCode: 0, err: '' });
    expect(result.out).toMatch(new RegExp(`ok ${rollout.id} succeeded.*: all 5 serve\n$`));
    const asked = server.controller.asked.find((one) => one.method === 'deploy');
    expect(asked?.args).toMatchObject([
      'good',
      commit,
      { by: expect.stringContaining('anna'), why: 'the fix' },
    ]);
  });

  test('that fails exits with 1 and says where the story is', async () => {
    const [result, rollout] = await Promise.all([
      fairway(['deploy', 'bad']),
      finish('bad', 0, 'failed', 'the build failed'),
    ]);
    expect(result.exitCode).toBe(1);
    expect(result.out).toContain(`!! ${rollout.id} FAILED`);
    expect(result.out).toContain(`Next: fairway show ${rollout.id}`);
  });

  test('with --no-wait returns at once, with --json for a script', async () => {
    const result = await fairway(['deploy', 'later', '--no-wait', '--json']);
    expect(result.exitCode).toBe(0);
    expect(JSON.parse(result.out)).toMatchObject({
      id: 'later-1',
      status: 'queued',
      requestedAt: '1970-01-01T00:00:00.001Z',
    });
  });

  test('goes on when Ctrl-C ends the printing', async () => {
    const interrupt = new AbortController();
    const streams = server.controller.signals.length;
    const running = fairway(['deploy', 'ctrlc'], { interrupt: interrupt.signal });
    const rollout = await waitUntil('a rollout', () => server.store.rollouts({ app: 'ctrlc' })[0]);
    await waitUntil('its events are read', () => server.controller.signals.length > streams);
    interrupt.abort();
    expect(await running).toMatchObject({
      exitCode: 130,
      err: `${rollout.id} goes on without this terminal: fairway status ctrlc\n`,
    });
    expect(server.store.rollout(rollout.id)?.status).toBe('queued');
  });

  test('that the server refuses prints the refusal in its words', async () => {
    server.controller.refusal = new Refusal(
      404,
      'unknown-app',
      'There is no app "shpo"',
      'Did you mean "shop"?',
    );
    const result = await fairway(['deploy', 'shpo']);
    expect(result).toEqual({
      exitCode: 2,
      out: '',
      err: 'Error: There is no app "shpo"\nNext: Did you mean "shop"?\n',
    });
  });
});

describe('what there is', () => {
  test('status prints the overview, and JSON for a script', async () => {
    expect((await fairway(['status'])).out).toMatch(/^test -> http:\/\/127\.0\.0\.1:8080\n/);
    expect(JSON.parse((await fairway(['status', '--json'])).out)).toMatchObject({ production: 'test' });
    expect((await fairway(['status', 'nothing'])).err).toContain('Error: there is no app "nothing"\nNext: ');
  });

  test('status --watch adds a block when something has changed, and only then', async () => {
    const interrupt = new AbortController();
    let printed = '';
    const running = fairway(['status', '--watch'], {
      interrupt: interrupt.signal,
      onOutput: (piece) => {
        printed += piece;
      },
    });
    await waitUntil('the first picture', () => printed.includes('test ->'));
    const looks = () => server.controller.asked.filter((one) => one.method === 'overview').length;
    const before = looks();
    await waitUntil('two more looks', () => looks() >= before + 2);
    server.controller.view = { ...server.controller.view, at: 2, production: 'renamed' };
    await waitUntil('the changed picture', () => printed.includes('renamed ->'));
    interrupt.abort();
    expect((await running).exitCode).toBe(0);
    expect(printed.match(/test ->/g)).toHaveLength(1);
  });

  test('show tells the story of a rollout, or of the newest of an app', async () => {
    const rollout = server.controller.start('story');
    server.controller.happen(
      rollout.id,
      { type: 'build-started', commit: '3f2a91c4d5e6f708' },
      { type: 'build-output', line: 'added 3 packages' },
      { type: 'finished', outcome: 'failed', reason: 'the build failed' },
    );
    const { out } = await fairway(['show', 'story']);
    expect(out).toContain(`${rollout.id}  deploy of story, failed\n`);
    expect(out).toContain('building 3f2a91c4d5e6');
    expect(out).not.toContain('added 3 packages');
    expect((await fairway(['show', rollout.id, '--output'])).out).toContain('| added 3 packages');
    const lines = (await fairway(['show', rollout.id, '--json'])).out.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).event.type)).toEqual([
      'build-started',
      'build-output',
      'finished',
    ]);
    expect((await fairway(['show', 'no-such'])).exitCode).toBe(2);
  });

  test('show of a rollout that moves prints what there is and returns', async () => {
    const rollout = server.controller.start('moving');
    server.controller.happen(rollout.id, { type: 'waiting', reason: 'instance 2 drains' });
    const { exitCode, out } = await fairway(['show', rollout.id]);
    expect(exitCode).toBe(0);
    expect(out).toContain('waiting: instance 2 drains');
    expect(out).toContain(`${rollout.id} is still going`);
  });

  test('logs are prefixed with their instance', async () => {
    server.controller.logLines = [
      { slot: { app: 'shop', instance: '1', slot: 'a' }, text: 'listening' },
      { slot: { app: 'shop', instance: '2', slot: 'b' }, text: 'bad \u001b[2J' },
    ];
    server.controller.start('talkative');
    const { out, err } = await fairway(['logs', 'talkative']);
    expect({ out, err }).toEqual({ out: '1 | listening\n2 | bad \\x1b[2J\n', err: '' });
    server.controller.logLines = [];
    expect((await fairway(['logs', 'talkative', '--instance', '9'])).err).toBe(
      'Instance 9 of talkative has printed nothing.\n',
    );
  });

  test.each(['logs shpo', 'logs shpo --follow', 'releases shpo --json', 'rollouts shpo'])(
    '%s, of an app that is not there, says so instead of nothing',
    async (words) => {
      expect(await fairway(words.split(' '))).toEqual({
        exitCode: 2,
        out: '',
        err: 'Error: there is no app "shpo"\nNext: the apps are: shop, young\n',
      });
    },
  );

  test.each(['releases young', 'rollouts', 'audit', 'token list', 'plan', 'plan rollback shop'])(
    '%s prints something and exits with 0',
    async (line) => {
      const { exitCode, out, err } = await fairway(line.split(' '));
      expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
      expect(out).not.toBe('');
    },
  );

  test('remote prints the lines to paste', async () => {
    const { out } = await fairway(['remote', 'shop']);
    expect(out).toContain('git remote add fairway /state/repositories/shop.git\n');
    expect(out).toContain('git push fairway HEAD:production\n');
  });
});

describe('what changes', () => {
  test('run prints the output and exits with the code of the command', async () => {
    server.controller.output = ['one', 'two'];
    server.controller.exit = Promise.resolve(7);
    expect(await fairway(['run', 'shop', '--', 'ls', '-la', '--json'])).toEqual({
      exitCode: 7,
      out: 'one\ntwo\n',
      err: '',
    });
    expect(server.controller.asked.at(-1)?.args[1]).toEqual(['ls', '-la', '--json']);
  });

  test('a token is made, shown once on standard output alone, and taken back', async () => {
    const made = await fairway(['token', 'add', 'ci', '--role', 'viewer']);
    expect(made.out).toMatch(/^fwy_\S+\n$/);
    const remote = (words: string[]) =>
      runCli(words, { env: { FAIRWAY_URL: server.running.url, FAIRWAY_TOKEN: made.out.trim() } });
    expect((await remote(['rollouts'])).exitCode).toBe(0);
    expect(await remote(['deploy', 'shop'])).toMatchObject({
      exitCode: 2,
      err: 'Error: A viewer may not do this; it takes a token of role deployer\nNext: Ask an admin for such a token.\n',
    });
    const { token } = JSON.parse((await fairway(['token', 'add', 'second', '--json'])).out);
    expect((await fairway(['token', 'remove', token.id])).out).toBe(`Token ${token.id} works no more.\n`);
  });

  test('abort, pause and resume take an id, and name an app that has nothing under way', async () => {
    const { id } = server.controller.start('steered');
    expect((await fairway(['pause', id, '--reason', 'graphs'])).out).toBe(
      `${id} holds where it is; go on with: fairway resume ${id}\n`,
    );
    expect((await fairway(['resume', id])).out).toBe(`${id} goes on\n`);
    expect((await fairway(['abort', id])).out).toBe(`${id} is being taken back\n`);
  });

  test('promote ends a step of a canary, or all of them', async () => {
    const { id } = server.controller.start('promoted');
    expect((await fairway(['promote', id, '--all', '--reason', 'looked at'])).out).toBe(
      `${id} goes on to its next step\n`,
    );
    expect(server.controller.asked.at(-1)).toMatchObject({
      method: 'promote',
      args: [id, { why: 'looked at' }, true],
    });
  });

  test('alert takes a canary back, and says so when there is none, or a balancer could not be told', async () => {
    expect(await fairway(['alert', 'shop', '--reason', 'payments fail'])).toMatchObject({
      exitCode: 0,
      out: 'no more users of shop go to its canary; shop-1 is being taken back\n',
    });
    server.controller.taken = { rollouts: [], unreached: [] };
    expect((await fairway(['alert', 'shop', '--reason', 'x'])).out).toBe(
      'no canary of shop moves: nothing is to be taken back\n',
    );
    server.controller.taken = { rollouts: ['shop-2'], unreached: ['lb2 (connection refused)'] };
    const { exitCode, err } = await fairway(['alert', 'shop', '--reason', 'x']);
    expect(exitCode).toBe(1);
    expect(err).toContain(
      'A balancer could not be told, and may still send users to the canary: lb2 (connection refused)\n',
    );
    expect((await fairway(['alert', 'shop'])).exitCode).toBe(2);
  });

  test('the balancer is restarted', async () => {
    expect((await fairway(['balancer', 'restart', '--reason', 'update'])).exitCode).toBe(0);
    expect(server.controller.asked.at(-1)).toMatchObject({
      method: 'restartBalancer',
      args: [{ why: 'update' }],
    });
  });

  test('down asks, and where it cannot ask changes nothing', async () => {
    await writeFile(join(server.directory, 'keep'), '');
    const { exitCode, err } = await fairway(['down']);
    expect(exitCode).toBe(2);
    expect(err).toContain(`this would stop the control server (process ${process.pid})`);
    expect(err).toContain('Next: say so with: fairway down --yes\n');
  });
});
