import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../../test/support/test-server.ts';

const commit = 'a'.repeat(40);
const long = 'x'.repeat(501);
const update = { ref: 'refs/heads/production', oldCommit: commit, newCommit: commit };

/** Method and path, body if any, then every line that the person reads. */
type Case = readonly [request: string, body: unknown, ...problems: string[]];

const noSource = 'expected one of "commit", "directory" and "fromRepository": true';
const alone = 'expected "directory" alone, without "commit" and "fromRepository"';
const aName = 'expected a name of letters, digits, ".", "_" and "-", at most 100';
const aCommit = 'expected a commit id: 7 to 40 hexadecimal digits';
const aFullCommit = 'expected a full commit id: 40 hexadecimal digits';
const aReason = 'expected text of 1 to 500 characters';
const aLimit = 'expected a whole number from 1 to 1000';

const cases: readonly Case[] = [
  ['POST /api/apps/shop/deploy', {}, `body: found {}, ${noSource}`],
  [
    'POST /api/apps/shop/deploy',
    { fromRepository: false },
    `body: found {"fromRepository":false}, ${noSource}`,
  ],
  [
    'POST /api/apps/shop/deploy',
    { directory: '/srv', commit },
    `body: found {"directory":"/srv","commit":"${'a'.repeat(30)}…, ${alone}`,
  ],
  ['POST /api/apps/shop/deploy', { commit: 'HEAD' }, `body.commit: found "HEAD", ${aCommit}`],
  ['POST /api/apps/shop/deploy', { commit: 'abcdef' }, `body.commit: found "abcdef", ${aCommit}`],
  [
    'POST /api/apps/shop/deploy',
    { commit: '--upload-pack=x' },
    `body.commit: found "--upload-pack=x", ${aCommit}`,
  ],
  ['POST /api/apps/shop/deploy', { commit: 12 }, `body.commit: found 12, ${aCommit}`],
  [
    'POST /api/apps/shop/deploy',
    { directory: 'srv' },
    'body.directory: found "srv", expected an absolute path',
  ],
  [
    'POST /api/apps/shop/deploy',
    { directory: '/srv\0' },
    'body.directory: found "/srv\\u0000", expected an absolute path',
  ],
  [
    'POST /api/apps/shop/deploy',
    { fromRepository: 'yes' },
    'body.fromRepository: found "yes", expected true or false',
  ],
  ['POST /api/apps/shop/deploy', { commit, reason: '' }, `body.reason: found "", ${aReason}`],
  [
    'POST /api/apps/shop/deploy',
    { commit, reason: long },
    `body.reason: found "${'x'.repeat(59)}…, ${aReason}`,
  ],
  ['POST /api/apps/shop/deploy', { commit, reason: 5 }, `body.reason: found 5, ${aReason}`],
  ['POST /api/apps/shop/deploy', { commit, force: true }, 'body.force: is not known here'],
  [
    'POST /api/apps/shop/deploy',
    { commit: 'x', reason: '', force: 1, wait: 2 },
    `body.commit: found "x", ${aCommit}`,
    `body.reason: found "", ${aReason}`,
    'body.force: is not known here',
    'body.wait: is not known here',
  ],
  ['POST /api/apps/..%2Fshop/deploy', { commit }, `path.app: found "../shop", ${aName}`],
  [`POST /api/apps/${'x'.repeat(101)}/deploy`, { commit }, `path.app: found "${'x'.repeat(59)}…, ${aName}`],
  ['POST /api/apps/shop/rollback', { release: '../r' }, `body.release: found "../r", ${aName}`],
  ['POST /api/apps/shop/rollback', { to: 'r' }, 'body.to: is not known here'],
  ['POST /api/apply', { reason: [] }, `body.reason: found [], ${aReason}`],
  ['POST /api/apply', [], 'body: found [], expected an object'],
  ['POST /api/rollouts/shop-1/abort', { why: 'x' }, 'body.why: is not known here'],
  ['POST /api/rollouts/shop%201/abort', {}, `path.id: found "shop 1", ${aName}`],
  [
    'POST /api/apps/shop/run',
    {},
    'body.command: found nothing, expected a program and its arguments, 1 to 1000 texts',
  ],
  [
    'POST /api/apps/shop/run',
    { command: [] },
    'body.command: found [], expected a program and its arguments, 1 to 1000 texts',
  ],
  [
    'POST /api/apps/shop/run',
    { command: 'ls' },
    'body.command: found "ls", expected a program and its arguments, 1 to 1000 texts',
  ],
  [
    'POST /api/apps/shop/run',
    { command: ['ls', 1] },
    'body.command.1: found 1, expected text without a NUL character',
  ],
  [
    'POST /api/apps/shop/run',
    { command: ['\0'] },
    'body.command.0: found "\\u0000", expected text without a NUL character',
  ],
  [
    'POST /api/apps/shop/check-push',
    {},
    'body.ref: found nothing, expected text of 1 to 1000 characters',
    `body.oldCommit: found nothing, ${aFullCommit}`,
    `body.newCommit: found nothing, ${aFullCommit}`,
  ],
  [
    'POST /api/apps/shop/check-push',
    { ...update, newCommit: 'abcdef0' },
    `body.newCommit: found "abcdef0", ${aFullCommit}`,
  ],
  [
    'POST /api/apps/shop/check-push',
    { ...update, environment: { GIT_EXTERNAL_DIFF: '/bin/evil', GIT_OBJECT_DIRECTORY: 'objects' } },
    'body.environment.GIT_OBJECT_DIRECTORY: found "objects", expected an absolute path',
    'body.environment.GIT_EXTERNAL_DIFF: is not known here',
  ],
  [
    'POST /api/tokens',
    {},
    `body.name: found nothing, ${aName}`,
    'body.role: found nothing, expected "viewer", "deployer" or "admin"',
  ],
  [
    'POST /api/tokens',
    { name: 'ci', role: 'root' },
    'body.role: found "root", expected "viewer", "deployer" or "admin"',
  ],
  ['POST /api/tokens', { name: 'a b', role: 'admin' }, `body.name: found "a b", ${aName}`],
  ['DELETE /api/tokens/a%20b', undefined, `path.id: found "a b", ${aName}`],
  ['GET /api/rollouts?limit=0', undefined, `query.limit: found "0", ${aLimit}`],
  ['GET /api/rollouts?limit=1001', undefined, `query.limit: found "1001", ${aLimit}`],
  ['GET /api/rollouts?limit=2.5', undefined, `query.limit: found "2.5", ${aLimit}`],
  ['GET /api/rollouts?limit=many', undefined, `query.limit: found "many", ${aLimit}`],
  ['GET /api/rollouts?limit=1&limit=2', undefined, `query.limit: found ["1","2"], ${aLimit}`],
  ['GET /api/rollouts?limt=5', undefined, 'query.limt: is not known here'],
  [
    'GET /api/events?after=-1',
    undefined,
    'query.after: found "-1", expected a whole number from 0 to 9007199254740991',
  ],
  [
    'GET /api/audit?before=0',
    undefined,
    'query.before: found "0", expected a whole number from 1 to 9007199254740991',
  ],
  ['GET /api/plan/deploy', undefined, `query.app: found nothing, ${aName}`],
  ['GET /api/plan/deploy?app=shop&commit=zzzzzzz', undefined, `query.commit: found "zzzzzzz", ${aCommit}`],
  ['GET /api/plan/rollback?app=shop&release=', undefined, `query.release: found "", ${aName}`],
  [
    'GET /api/apps/shop/logs?lines=10001&follow=yes&instance=%2F',
    undefined,
    `query.instance: found "/", ${aName}`,
    'query.lines: found "10001", expected a whole number from 0 to 10000',
    'query.follow: found "yes", expected "true" or "false"',
  ],
];

describe('a request that is not as documented', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
    server.controller.start('shop');
  });
  afterAll(() => server.dispose());

  it.each(cases)('%s %j is refused, naming each field', async (...given) => {
    const [request, body, ...problems] = given as unknown as Case;
    const [method = '', path = ''] = request.split(' ');
    const asked = server.controller.asked.length;
    const problem = await server.problem(method, path, { body });
    expect(problem).toMatchObject({
      status: 400,
      code: 'invalid-request',
      message: 'The request is not as expected',
      problems,
    });
    expect(server.controller.asked.length).toBe(asked);
  });

  it('is told where to begin with live events only by an id', async () => {
    const ask = { headers: { 'last-event-id': '12; DROP' } };
    expect(await server.problem('GET', '/api/events', ask)).toMatchObject({
      status: 400,
      problems: ['header.last-event-id: found "12; DROP", expected the id of an event'],
    });
  });

  it.each(['{', '"unfinished', ''])('that says it is JSON but holds %j is refused', async (body) => {
    expect(await server.problem('POST', '/api/apply', { body })).toMatchObject({
      status: 400,
      code: 'malformed-json',
      message: 'The body says that it is JSON, but it cannot be read as such',
    });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx'])(
    'that is %s is refused',
    async (type) => {
      const ask = { body: '{}', headers: { 'content-type': type } };
      expect(await server.problem('POST', '/api/apply', ask)).toMatchObject({
        status: 415,
        code: 'not-json',
        message: 'The body is not JSON: send it with content-type: application/json',
      });
    },
  );

  it('that is nested deeper than can be shown is refused like any other', async () => {
    const body = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(await server.problem('POST', '/api/apply', { body })).toMatchObject({
      status: 400,
      problems: ['body: found something nested too deep, expected an object'],
    });
  });

  it('that has more than 1 MB is refused, whether it says so before or not', async () => {
    const body = JSON.stringify({ reason: 'x'.repeat(1024 * 1024) });
    const refused = { status: 413, code: 'body-too-large', message: 'The body is larger than 1 MB' };
    expect(await server.problem('POST', '/api/apply', { body })).toMatchObject(refused);
    const chunked = { body, headers: { 'transfer-encoding': 'chunked' } };
    expect(await server.problem('POST', '/api/apply', chunked)).toMatchObject(refused);
  });

  it('that asks for what is not there is told so', async () => {
    expect(await server.problem('GET', '/api/nothing')).toMatchObject({
      status: 404,
      code: 'unknown-route',
      message: 'There is no GET /api/nothing',
      hint: 'GET /openapi.json lists what there is.',
    });
    expect(await server.problem('GET', '/api/rollouts/shop-9')).toMatchObject({
      status: 404,
      code: 'unknown-rollout',
      message: 'There is no rollout shop-9',
    });
    expect(await server.problem('GET', '/api/rollouts/shop-9/events')).toMatchObject({ status: 404 });
  });

  it('that uses another method is told which there are', async () => {
    const answer = await server.ask('PUT', '/api/tokens');
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, POST']);
    expect(JSON.parse(answer.text).error.message).toBe('/api/tokens does not take PUT, only GET and POST');
    expect((await server.ask('GET', '/api/apps/shop/deploy')).headers.allow).toBe('POST');
    expect((await server.ask('OPTIONS', '/api/overview')).status).toBe(405);
  });
});
