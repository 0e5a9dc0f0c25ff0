import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestServer } from '../../test/support/test-server.ts';
import { CannotListen } from './listen.ts';

// What the server itself refuses, and exactly what a person reads; wrong fields are in validation.test.ts.

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.dispose());

async function told(method: string, path: string, ask: Parameters<TestServer['problem']>[2] = {}) {
  const { status, message, hint } = await server.problem(method, path, ask);
  return { status, message, hint };
}

it('whoever brings no token, or one that is not known, reads where tokens are', async () => {
  const hint = 'On the machine of the server `fairway` finds a token by itself; elsewhere set FAIRWAY_TOKEN.';
  expect(await told('GET', '/api/overview', { as: 'nobody' })).toEqual({
    status: 401,
    message: 'A token is needed: send it as "Authorization: Bearer fwy_…"',
    hint,
  });
  expect(await told('GET', '/api/overview', { as: { secret: 'fwy_other' } })).toEqual({
    status: 401,
    message: 'The token is not known: it was removed, or belongs to another server',
    hint,
  });
});

it('whoever may not do a thing reads what it takes', async () => {
  expect(await told('POST', '/api/balancer/restart', { as: 'deployer' })).toEqual({
    status: 403,
    message: 'A deployer may not do this; it takes a token of role admin',
    hint: 'Ask an admin for such a token.',
  });
});

it('a request for another host reads which names there are', async () => {
  const answer = await told('GET', '/api/overview', { headers: { host: 'evil.example' } });
  expect(answer).toMatchObject({ status: 403, message: 'This server is not evil.example' });
  expect(answer.hint).toMatch(
    /^Use .*127\.0\.0\.1.*, or let it listen on another address with control\.listen\.$/,
  );
});

it('a rollout or a token that is not there reads how to list them', async () => {
  expect(await told('GET', '/api/rollouts/shop-9')).toEqual({
    status: 404,
    message: 'There is no rollout shop-9',
    hint: 'List them with: fairway rollouts',
  });
  expect(await told('DELETE', '/api/tokens/99')).toEqual({
    status: 404,
    message: 'There is no token with the id 99',
    hint: 'List them with: fairway token list',
  });
});

it('a token does not remove itself', async () => {
  const own = server.store.tokens().find(({ role }) => role === 'admin')!;
  expect(await told('DELETE', `/api/tokens/${own.id}`)).toEqual({
    status: 409,
    message: 'A token cannot remove itself',
    hint: 'Remove it with another admin token, so that nobody locks themselves out.',
  });
});

it.each([
  ['EADDRINUSE', 'another program listens there'],
  ['EADDRNOTAVAIL', 'this machine does not have that address'],
  ['EACCES', 'this user may not use that port'],
])('an address that cannot be listened on (%s) reads why, and what to do', (code, fact) => {
  const cause = Object.assign(new Error('listen'), { code });
  const error = new CannotListen({ address: '127.0.0.1', port: 80 }, cause);
  expect(error.message).toContain(fact);
  expect(error.hint).toBe(
    'Change control.listen in fairway.yml, or end what has the address: ss -ltnp shows it.',
  );
});
