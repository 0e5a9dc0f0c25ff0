import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../../test/support/test-server.ts';
import { routes } from './api.ts';

/** Said here once more, apart from the routes themselves: a slip there must not pass as its own expectation. */
const table: Readonly<Record<string, 'anyone' | 'viewer' | 'deployer' | 'admin'>> = {
  'GET /healthz': 'anyone',
  'GET /openapi.json': 'anyone',
  'GET /metrics': 'viewer',
  'GET /api/overview': 'viewer',
  'GET /api/apps/{app}/releases': 'viewer',
  'GET /api/apps/{app}/rollouts': 'viewer',
  'GET /api/rollouts': 'viewer',
  'GET /api/rollouts/{id}': 'viewer',
  'GET /api/rollouts/{id}/events': 'viewer',
  'GET /api/events': 'viewer',
  'GET /api/plan/apply': 'viewer',
  'GET /api/plan/deploy': 'viewer',
  'GET /api/plan/rollback': 'viewer',
  'GET /api/apps/{app}/logs': 'viewer',
  'GET /api/audit': 'viewer',
  'POST /api/apps/{app}/deploy': 'deployer',
  'POST /api/apps/{app}/rollback': 'deployer',
  'POST /api/apply': 'deployer',
  'POST /api/rollouts/{id}/abort': 'deployer',
  'POST /api/rollouts/{id}/pause': 'deployer',
  'POST /api/rollouts/{id}/resume': 'deployer',
  'POST /api/rollouts/{id}/promote': 'deployer',
  'POST /alerts': 'deployer',
  'POST /api/apps/{app}/run': 'deployer',
  'GET /api/apps/{app}/repository': 'deployer',
  'POST /api/apps/{app}/check-push': 'deployer',
  'POST /api/balancer/restart': 'admin',
  'GET /api/tokens': 'admin',
  'POST /api/tokens': 'admin',
  'DELETE /api/tokens/{id}': 'admin',
};
const ranks = { anyone: 0, viewer: 1, deployer: 2, admin: 3 };

describe('the door', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server.dispose());

  it('stands in front of every route', () => {
    const all = Object.values(routes).map((route) => `${route.method.toUpperCase()} ${route.path}`);
    expect(all.toSorted()).toEqual(Object.keys(table).toSorted());
  });

  describe.each(Object.entries(table))('%s', (route, needed) => {
    const [method = '', template = ''] = route.split(' ');
    // Nothing of that name exists, and no body is right: who passes the door is refused behind it.
    const path = `${template.replace(/\{\w+\}/, 'no!name')}?after=x&limit=x&lines=x&nothing=x`;
    const status = async (as: Parameters<TestServer['ask']>[2]) =>
      (await server.ask(method, path, as)).status;

    it.each(['viewer', 'deployer', 'admin'] as const)(`treats a %s as it takes a ${needed}`, async (role) => {
      const refused = (await status({ as: role, body: method === 'POST' ? '"x"' : undefined })) === 403;
      expect(refused).toBe(ranks[role] < ranks[needed]);
    });

    it('asks strangers for a token', async () => {
      const expected = needed === 'anyone' ? 200 : 401;
      expect(await status({ as: 'nobody' })).toBe(expected);
      expect(await status({ as: { secret: 'fwy_wrong' } })).toBe(expected);
    });
  });

  it('says how to show a token', async () => {
    const answer = await server.ask('GET', '/api/overview', { as: 'nobody' });
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="fairway"');
    expect(JSON.parse(answer.text).error).toMatchObject({
      code: 'unauthorized',
      message: 'A token is needed: send it as "Authorization: Bearer fwy_…"',
    });
    expect(await server.problem('GET', '/api/overview', { as: { secret: 'fwy_old' } })).toMatchObject({
      message: 'The token is not known: it was removed, or belongs to another server',
    });
  });

  it.each(['Basic c2VjcmV0', 'Bearer', 'Bearer a b', 'secret-of-admin', ''])(
    'does not take "%s"',
    async (header) => {
      const answer = await server.ask('GET', '/api/overview', {
        as: 'nobody',
        headers: { authorization: header },
      });
      expect(answer.status).toBe(401);
    },
  );

  it('looks at who asks before it looks at what is sent', async () => {
    const body = 'not JSON, and '.repeat(100_000);
    expect(await server.problem('POST', '/api/apply', { as: 'viewer', body })).toMatchObject({ status: 403 });
  });

  it('leaves a trace of those who tried what they may not', async () => {
    const headers = { 'x-fairway-actor': 'bob@laptop' };
    const problem = await server.problem('POST', '/api/apply', { as: 'viewer', headers });
    expect(problem).toMatchObject({
      status: 403,
      code: 'forbidden',
      message: 'A viewer may not do this; it takes a token of role deployer',
    });
    expect(server.store.audits({ limit: 1 })[0]).toMatchObject({
      by: 'bob@laptop (token viewer)',
      action: 'denied',
      subject: 'POST /api/apply',
      why: 'role viewer, needs deployer',
    });
    expect(server.controller.asked.filter(({ method }) => method === 'apply')).toEqual([]);
  });

  it('closes behind a token that was removed', async () => {
    const { id } = server.store.addToken({ name: 'short', role: 'viewer', secret: 'short-lived' });
    const status = async () =>
      (await server.ask('GET', '/api/overview', { as: { secret: 'short-lived' } })).status;
    expect(await status()).toBe(200);
    await server.ask('DELETE', `/api/tokens/${id}`);
    expect(await status()).toBe(401);
  });

  it('lets only admins deploy a directory of the machine', async () => {
    const body = { directory: '/root/.ssh' };
    expect(await server.problem('POST', '/api/apps/shop/deploy', { as: 'deployer', body })).toMatchObject({
      status: 403,
      message: 'A deployer may not do this; it takes a token of role admin',
    });
    expect((await server.ask('POST', '/api/apps/shop/deploy', { body })).status).toBe(202);
  });
});
