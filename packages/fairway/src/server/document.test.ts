import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TestServer } from '../../test/support/test-server.ts';
import { routes } from './api.ts';

const commit = 'c'.repeat(40);
/** What to send for each operation to be answered with success. */
const requests: Readonly<
  Record<string, { query?: string; body?: unknown; path?: Readonly<Record<string, string>> }>
> = {
  'post /api/apps/{app}/deploy': { body: { commit } },
  'post /api/apps/{app}/run': { body: { command: ['true'] } },
  'post /api/apps/{app}/check-push': { body: { ref: 'refs/heads/x', oldCommit: commit, newCommit: commit } },
  'post /api/tokens': { body: { name: 'new', role: 'viewer' } },
  'post /alerts': { body: { app: 'shop', reason: 'it fails' } },
  'get /api/plan/deploy': { query: '?app=shop' },
  'get /api/plan/rollback': { query: '?app=shop' },
  'get /api/rollouts/{id}/events': { path: { id: 'shop-2' } },
};
/** Streams that do not end by themselves: `live.test.ts` reads them. */
const endless = new Set(['get /api/events']);

interface Operation {
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
  'x-role'?: string;
  summary?: string;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: object };
}

describe('the OpenAPI document', () => {
  let server: TestServer;
  let document: Document;
  beforeAll(async () => {
    server = await TestServer.start();
    document = JSON.parse((await server.ask('GET', '/openapi.json', { as: 'nobody' })).text) as Document;
    server.controller.start('shop');
    server.controller.start('shop');
    server.controller.happen('shop-2', { type: 'finished', outcome: 'succeeded', reason: 'all serve' });
    server.controller.output = ['line'];
    server.controller.logLines = [{ slot: { app: 'shop', instance: '1', slot: 'a' }, text: 'line' }];
    server.store.audit({ by: 'a', action: 'b', subject: 'c', why: 'd' });
    fill(server);
  });
  afterAll(() => server.dispose());

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: `${method} ${path}`,
        method,
        path,
        operation,
      })),
    );

  it('names every route of the server, and nothing else', () => {
    expect(document.openapi).toBe('3.1.0');
    const served = Object.values(routes).map((route) => `${route.method} ${route.path}`);
    expect(
      operations()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(served.toSorted());
  });

  it('says for every operation what it does and who may', () => {
    for (const { name, operation } of operations()) {
      expect([name, operation.summary, operation['x-role']]).toEqual([
        name,
        expect.stringMatching(/\S/),
        expect.stringMatching(/^(anyone|viewer|deployer|admin)$/),
      ]);
    }
  });

  const answer = async ({ name, method, path }: { name: string; method: string; path: string }) => {
    const { query = '', body, path: values = {} } = requests[name] ?? {};
    const { id } = server.store.tokens().find((token) => token.name === 'viewer') ?? { id: 'none' };
    const parameters: Record<string, string> = {
      app: 'shop',
      id: path.includes('tokens') ? id : 'shop-1',
      ...values,
    };
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, key: string) => parameters[key]!);
    return server.ask(method.toUpperCase(), filled + query, {
      body: body ?? (method === 'post' ? {} : undefined),
    });
  };

  it('is kept by the running server: status, type and form of every answer', async () => {
    for (const each of operations().filter(({ name }) => !endless.has(name))) {
      const { status, headers, text } = await answer(each);
      const success = Object.entries(each.operation.responses).find(([code]) => code.startsWith('2'))!;
      expect([each.name, String(status), text.slice(0, 300)]).toEqual([
        each.name,
        success[0],
        expect.any(String),
      ]);
      const [type, content] = Object.entries(success[1].content ?? {})[0] ?? [];
      if (!type || !content) {
        expect([each.name, text]).toEqual([each.name, '']);
        continue;
      }
      expect([each.name, String(headers['content-type'])]).toEqual([
        each.name,
        expect.stringContaining(type),
      ]);
      const values = valuesIn(type, text);
      expect([each.name, values.length]).not.toEqual([each.name, 0]);
      for (const value of values)
        expect([each.name, mismatch(content.schema, value)]).toEqual([each.name, undefined]);
    }
  });

  it('describes refusals as they are', async () => {
    const refused = [
      await server.ask('GET', '/api/overview', { as: 'nobody' }),
      await server.ask('POST', '/api/tokens', { as: 'viewer' }),
      await server.ask('GET', '/api/rollouts/none'),
      await server.ask('POST', '/api/tokens', { body: {} }),
    ];
    for (const { text } of refused)
      expect(mismatch({ $ref: '#/components/schemas/Problem' }, JSON.parse(text))).toBeUndefined();
    expect(mismatch({ $ref: '#/components/schemas/Problem' }, { error: 'text' })).toBeDefined();
  });

  /** Why the value is not of the schema; undefined when it is. */
  function mismatch(schema: object, value: unknown): string | undefined {
    const whole = { ...schema, $defs: document.components.schemas };
    const text = JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/');
    const result = z.fromJSONSchema(JSON.parse(text)).safeParse(value);
    return result.success ? undefined : `${z.prettifyError(result.error)}\n${JSON.stringify(value)}`;
  }
});

function valuesIn(type: string, text: string): readonly unknown[] {
  if (type === 'text/plain') return [text];
  if (type === 'application/json') return [JSON.parse(text)];
  const lines = text.split('\n').filter((line) => line !== '');
  if (type === 'application/x-ndjson') return lines.map((line) => JSON.parse(line) as unknown);
  return lines
    .filter((line) => line.startsWith('data: ') && line !== 'data: {}')
    .map((line) => JSON.parse(line.slice('data: '.length)) as unknown);
}

/** Everything that an overview can hold, and things that it must not show. */
function fill(server: TestServer): void {
  const slot = { app: 'shop', instance: '1', slot: 'a' } as const;
  server.store.addRelease({
    app: 'shop',
    id: 'r1',
    commit,
    subject: 'Fix',
    author: 'ann',
    sha256: 'd'.repeat(64),
    file: '/state/artifacts/shop/r1.tar.gz',
    sizeBytes: 1,
    builtAt: 1,
    buildKey: 'k',
    launch: { command: ['node'], directory: '.', path: [] },
  });
  server.controller.view = {
    ...server.controller.view,
    configProblems: ['fairway.yml:1:1: apps: found nothing, expected a map'],
    unreachable: ['balancer'],
    apps: [
      {
        app: 'shop',
        standing: {
          release: 'r1',
          config: 'c',
          rollout: 'shop-2',
          since: 1,
          subject: 'Fix',
          author: 'ann',
          commit,
        },
        pool: {
          definition: {} as never,
          share: { basisPoints: 0, offset: 0 },
          servers: [
            {
              slot,
              id: 'shop/1/a',
              host: 'local',
              port: 4000,
              side: 'baseline',
              generation: 'r1+c',
              state: 'draining',
              healthy: false,
              lastFailure: 'connection refused',
              inFlight: 0,
              drainDeadline: 5,
            },
          ],
        },
        processes: [
          {
            slot,
            host: 'local',
            state: 'backoff',
            generation: 'r1+c',
            port: 4000,
            pid: 1,
            startedAt: 1,
            restarts: 2,
            nextStartAt: 3,
            lastExit: { at: 1, reason: 'exit code 1' },
          },
        ],
        rollout: server.store.rollout('shop-1')!,
        queued: [],
        lastRollout: server.store.rollout('shop-2')!,
      },
    ],
  };
}
