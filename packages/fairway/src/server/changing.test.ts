import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../../test/support/test-server.ts';
import { ConfigProblems } from '../config/problem.ts';
import { StaleFence } from '../hosts/hosts.ts';
import { Refusal } from '../runner/controller.ts';
import { StoreUnusable } from '../store/sqlite/unusable.ts';

const commit = 'b'.repeat(40);

describe('a change', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
    server.controller.start('shop');
  });
  afterAll(() => server.dispose());
  beforeEach(() => server.controller.asked.splice(0));

  const asAnn = { by: 'deployer', why: 'because' };
  const reason = 'because';

  it.each([
    ['/api/apps/shop/deploy', { commit, reason }, 'deploy', ['shop', commit, asAnn], `: commit ${commit}`],
    [
      '/api/apps/shop/deploy',
      { fromRepository: true, reason },
      'deployFromRepository',
      ['shop', undefined, asAnn],
      ': newest commit of its repository',
    ],
    [
      '/api/apps/shop/deploy',
      { fromRepository: true, commit, reason },
      'deployFromRepository',
      ['shop', commit, asAnn],
      `: commit ${commit} of its repository`,
    ],
    ['/api/apps/shop/rollback', { reason }, 'rollback', ['shop', undefined, asAnn], ': to previous'],
    ['/api/apps/shop/rollback', { release: 'r1', reason }, 'rollback', ['shop', 'r1', asAnn], ': to r1'],
    ['/api/apply', { reason }, 'apply', [asAnn], 'shop-'],
    ['/api/rollouts/shop-1/abort', { reason }, 'abort', ['shop-1', asAnn], 'shop-1'],
    ['/api/rollouts/shop-1/pause', { reason }, 'pause', ['shop-1', asAnn], 'shop-1'],
    ['/api/rollouts/shop-1/resume', { reason }, 'resume', ['shop-1', asAnn], 'shop-1'],
    ['/api/rollouts/shop-1/promote', { reason }, 'promote', ['shop-1', asAnn, false], 'shop-1'],
    [
      '/api/rollouts/shop-1/promote',
      { all: true, reason },
      'promote',
      ['shop-1', asAnn, true],
      'shop-1: all steps',
    ],
  ])(
    '%s %j reaches the controller as it was asked for, and the audit',
    async (path, body, method, args, subject) => {
      const answer = await server.ask('POST', path, { as: 'deployer', body });
      expect(answer.status).toBe(202);
      expect(server.controller.asked).toEqual([{ method, args }]);
      const [entry] = server.store.audits({ limit: 1 });
      expect(entry).toMatchObject({ by: 'deployer', why: 'because' });
      expect(entry!.subject).toContain(subject);
    },
  );

  it("to the balancer is an admin's, and is audited", async () => {
    expect((await server.ask('POST', '/api/balancer/restart', { body: { reason } })).status).toBe(204);
    expect(server.controller.asked).toEqual([
      { method: 'restartBalancer', args: [{ by: 'admin', why: 'because' }] },
    ]);
    expect(server.store.audits({ limit: 1 })[0]).toMatchObject({ by: 'admin', action: 'balancer.restart' });
  });

  it('needs no reason, and no body where nothing is to be said', async () => {
    expect((await server.ask('POST', '/api/apply')).status).toBe(202);
    expect(server.controller.asked[0]!.args).toEqual([{ by: 'admin', why: '' }]);
  });

  it('names the person that the client names, made safe for terminals', async () => {
    const headers = { 'x-fairway-actor': `  ann@host\u001b[31m${'x'.repeat(200)}` };
    // Header values are latin-1, and node refuses escapes in them: send what a hostile client could at most.
    headers['x-fairway-actor'] = headers['x-fairway-actor'].replace('\u001b', '\u009b');
    await server.ask('POST', '/api/apply', { as: 'deployer', headers });
    const { by } = server.store.audits({ limit: 1 })[0]!;
    expect(by).toMatch(/^ann@host\\x9b\[31mx+ \(token deployer\)$/);
    expect(by.length).toBeLessThan(130);
  });

  it('that the controller refuses is answered with its status, and leaves no audit entry', async () => {
    const before = server.store.audits({ limit: 1 })[0]?.sequence;
    server.controller.refusal = new Refusal(
      409,
      'nothing-to-roll-back-to',
      'shop has one release only',
      'Deploy first.',
    );
    expect(await server.problem('POST', '/api/apps/shop/rollback')).toEqual({
      status: 409,
      code: 'nothing-to-roll-back-to',
      message: 'shop has one release only',
      hint: 'Deploy first.',
      requestId: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(server.store.audits({ limit: 1 })[0]?.sequence).toBe(before);
  });

  it('that the configuration forbids is answered with every problem of it', async () => {
    server.controller.refusal = new ConfigProblems([
      { file: 'fairway.yml', line: 3, column: 5, path: 'apps.shop', message: 'found 1, expected a map' },
      {
        file: 'fairway.yml',
        line: 9,
        column: 1,
        path: 'app',
        message: 'is not known',
        suggestion: 'Did you mean "apps"?',
      },
    ]);
    expect(await server.problem('POST', '/api/apply')).toMatchObject({
      status: 422,
      code: 'config-problems',
      message: 'The configuration has 2 problems',
      problems: [
        'fairway.yml:3:5: apps.shop: found 1, expected a map',
        'fairway.yml:9:1: app: is not known. Did you mean "apps"?',
      ],
    });
  });

  it.each([
    [new StaleFence('shop', 1, 2), 409, 'stale-fence', 'shop: refused, lease 1 was superseded by lease 2'],
    [
      new StoreUnusable('state-unwritable', 'the disk is full', 'Make room.'),
      503,
      'state-unwritable',
      'the disk is full',
    ],
  ])('that fails for a known reason says so: %s', async (refusal, status, code, message) => {
    server.controller.refusal = refusal;
    expect(await server.problem('POST', '/api/apply')).toMatchObject({ status, code, message });
  });

  it('that meets a bug tells the client an id, and the log the rest under the same id', async () => {
    server.controller.refusal = new TypeError('secret internals at line 5');
    const answer = await server.ask('POST', '/api/apply');
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret internals');
    expect(answer.text).not.toMatch(/\bat .*:\d+/);
    const { requestId } = JSON.parse(answer.text).error;
    expect(answer.headers['x-request-id']).toBe(requestId);
    const logged = server.logged.find((line) => line.requestId === requestId && line.err);
    expect(JSON.stringify(logged)).toContain('secret internals');
  });

  it('is refused in words that cannot move the cursor of who reads them', async () => {
    server.controller.refusal = new Refusal(
      422,
      'bad-commit',
      'commit "\u001b[2J" is bad\nand so on\u202e',
      'not \u0007 this',
    );
    expect(await server.problem('POST', '/api/apply')).toMatchObject({
      message: 'commit "\\x1b[2J" is bad\nand so on\\u202e',
      hint: 'not \\x07 this',
    });
    server.controller.refusal = new ConfigProblems([
      { file: 'fairway.yml', path: '', message: 'found "\u001b[2J"' },
    ]);
    expect(await server.problem('POST', '/api/apply')).toMatchObject({
      message: 'The configuration has one problem',
      problems: ['fairway.yml: found "\\x1b[2J"'],
    });
  });

  it("of what a push brings is asked about with nothing but git's quarantine", async () => {
    const update = { ref: 'refs/heads/production', oldCommit: commit, newCommit: commit };
    const environment = { GIT_OBJECT_DIRECTORY: '/q/objects', GIT_QUARANTINE_PATH: '/q' };
    const answer = await server.ask('POST', '/api/apps/shop/check-push', {
      body: { ...update, environment },
    });
    expect(JSON.parse(answer.text)).toEqual({ accepted: true });
    expect(server.controller.asked).toEqual([
      { method: 'checkPush', args: ['shop', { ...update, environment }] },
    ]);

    server.controller.refusal = new Refusal(422, 'wrong-branch', 'only production deploys');
    expect(await server.problem('POST', '/api/apps/shop/check-push', { body: update })).toMatchObject({
      status: 422,
      message: 'only production deploys',
    });
  });
});

describe('tokens', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server.dispose());

  it('are made with a secret that is shown once, works at once, and is not listed', async () => {
    const answer = await server.ask('POST', '/api/tokens', { body: { name: 'ci', role: 'viewer' } });
    expect(answer.status).toBe(201);
    const { token, secret } = JSON.parse(answer.text);
    expect(secret).toMatch(/^fwy_[A-Za-z0-9_-]{43}$/);
    expect((await server.ask('GET', '/api/overview', { as: { secret } })).status).toBe(200);
    const list = await server.ask('GET', '/api/tokens');
    expect(list.text).toContain(token.id);
    expect(list.text).not.toContain(secret);
    expect(JSON.stringify(server.logged)).not.toContain(secret);
  });

  it('have one name each', async () => {
    expect(
      await server.problem('POST', '/api/tokens', { body: { name: 'viewer', role: 'admin' } }),
    ).toMatchObject({
      status: 409,
      code: 'token-name-taken',
      message: 'There is a token named viewer already',
      hint: 'Choose another name, or remove that token first.',
    });
  });

  it('are removed by another admin only, and only if they exist', async () => {
    const own = server.store.tokens().find((token) => token.name === 'admin')!;
    expect(await server.problem('DELETE', `/api/tokens/${own.id}`)).toMatchObject({
      status: 409,
      message: 'A token cannot remove itself',
    });
    expect(await server.problem('DELETE', '/api/tokens/none')).toMatchObject({
      status: 404,
      message: 'There is no token with the id none',
    });
    const { id } = server.store.addToken({ name: 'gone', role: 'viewer', secret: 'x' });
    expect((await server.ask('DELETE', `/api/tokens/${id}`)).status).toBe(204);
    expect(server.store.audits({ limit: 1 })[0]).toMatchObject({
      action: 'token.remove',
      subject: 'gone (viewer)',
    });
  });
});
