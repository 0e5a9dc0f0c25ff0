import { writeFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { FakeServer, json, sendEvents } from '../../test/support/fake-server.ts';
import { temporaryFolder } from '../../test/support/sample-repository.ts';
import { ServerUnreachable } from './client/location.ts';
import { Refused } from './client/refused.ts';
import { Client } from './client.ts';

const ended: FakeServer[] = [];
afterEach(async () => {
  for (const server of ended.splice(0)) await server.close();
});

async function startServer(port = 0): Promise<FakeServer> {
  const server = await FakeServer.start(port);
  ended.push(server);
  return server;
}

function clientOf(server: FakeServer, token?: string): Client {
  return new Client({ whereabouts: { kind: 'given', url: server.url, token }, actor: 'anna' });
}

async function stateWith(serverJson: string | undefined): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(folder, { recursive: true });
  if (serverJson !== undefined) await writeFile(join(folder, 'server.json'), serverJson);
  return folder;
}

const failure = async (work: Promise<unknown>): Promise<Error & { hint?: string }> => {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
};

const entry = (sequence: number) => ({
  sequence,
  at: 1,
  app: 'shop',
  rollout: 'shop-1',
  event: { type: 'waiting', reason: `${sequence}` },
  text: [`waiting: ${sequence}`],
});

describe('a call', () => {
  test('that waits for long says so once, and goes on waiting', async () => {
    const server = await startServer();
    let answer = () => {};
    server.on('GET /api/overview', (_, response) => {
      answer = () => json(response, 200, { production: 'x' });
    });
    const told: string[] = [];
    const client = new Client({
      whereabouts: { kind: 'given', url: server.url, token: undefined },
      silenceMs: 20,
      onSilence: (message) => {
        told.push(message);
        answer();
      },
    });
    expect(await client.overview()).toEqual({ production: 'x' });
    expect(told).toEqual([
      `The control server at ${server.url} has not answered for 0.02 s; waiting until 60 s have passed. Ctrl-C gives up.`,
    ]);
  });

  test('carries the token and the person, and gives the answer back', async () => {
    const server = await startServer();
    server.on('GET /api/overview', { production: 'x' });
    expect(await clientOf(server, 'fwy_1').overview()).toEqual({ production: 'x' });
    expect(server.seen[0]?.headers).toMatchObject({
      authorization: 'Bearer fwy_1',
      'x-fairway-actor': 'anna',
    });
  });

  test('escapes names and leaves out what is not asked for', async () => {
    const server = await startServer();
    server.on('POST /api/apps/a%2F..%3F/rollback', {});
    await clientOf(server).rollback('a/..?', undefined, undefined);
    expect(server.seen[0]?.body).toEqual({});
    server.on('GET /api/plan/deploy', {});
    await clientOf(server).previewDeploy('shop', undefined);
    expect(server.seen[1]?.url).toBe('/api/plan/deploy?app=shop');
  });

  test('that is refused keeps code, message, hint and problems', async () => {
    const server = await startServer();
    server.on('GET /api/tokens', (_, response) =>
      json(response, 403, {
        error: {
          code: 'forbidden',
          message: 'A viewer may not',
          hint: 'Ask an admin',
          problems: ['one', 'two'],
        },
      }),
    );
    const refused = await failure(clientOf(server).tokens());
    expect(refused).toBeInstanceOf(Refused);
    expect(refused).toMatchObject({
      status: 403,
      code: 'forbidden',
      message: 'A viewer may not',
      hint: 'Ask an admin',
      problems: ['one', 'two'],
    });
  });

  test('that meets another program says so', async () => {
    const server = await startServer();
    server.on('GET /api/overview', (_, response) => response.writeHead(502).end('<html>nginx'));
    const refused = await failure(clientOf(server).overview());
    expect(refused.message).toBe(`${server.url} answered 502, not in the way a Fairway server does`);
  });
});

test('a call that meets a server which has just started anew is made again with its new token', async () => {
  const server = await startServer();
  const file = (token: string) => JSON.stringify({ url: server.url, pid: process.pid, token });
  const stateDirectory = await stateWith(file('old'));
  server.on('GET /api/overview', ({ headers }, response) => {
    if (headers.authorization === 'Bearer new') return json(response, 200, { production: 'x' });
    writeFileSync(join(stateDirectory, 'server.json'), file('new'));
    json(response, 401, { error: { code: 'token-unknown', message: 'The token is not known' } });
  });
  const client = new Client({ whereabouts: { kind: 'state', stateDirectory } });
  expect(await client.overview()).toEqual({ production: 'x' });
});

describe('a server that does not answer', () => {
  const overview = (stateDirectory: string) =>
    new Client({ whereabouts: { kind: 'state', stateDirectory } }).overview();

  test('because it was never started', async () => {
    const state = await stateWith(undefined);
    const error = await failure(overview(state));
    expect(error).toBeInstanceOf(ServerUnreachable);
    expect(error.message).toBe(
      `The control server cannot be reached: it does not run, there is no ${state}/server.json`,
    );
    expect(error.hint).toBe('start it with: fairway serve');
  });

  test('because its process has ended', async () => {
    const gone = await startServer();
    // Above the highest process id that Linux gives (4194304).
    const state = await stateWith(JSON.stringify({ url: gone.url, pid: 4_194_305, token: 't' }));
    await gone.close();
    ended.length = 0;
    const error = await failure(overview(state));
    expect(error.message).toBe('The control server cannot be reached: its process 4194305 has ended');
  });

  test('although its process lives', async () => {
    const gone = await startServer();
    const state = await stateWith(JSON.stringify({ url: gone.url, pid: process.pid, token: 't' }));
    await gone.close();
    ended.length = 0;
    const error = await failure(overview(state));
    expect(error.message).toBe(
      `The control server cannot be reached: process ${process.pid} lives but ${gone.url} does not answer: connection refused`,
    );
    expect(error.hint).toContain(`${state}/serve.log`);
  });

  test('whose server.json is damaged', async () => {
    const state = await stateWith('{ "url": ');
    expect((await failure(overview(state))).message).toBe(
      `The control server cannot be reached: ${state}/server.json is damaged`,
    );
  });

  test('because it is the server of the state directory that this one was copied from', async () => {
    const server = await startServer();
    const { pid } = process;
    const state = await stateWith(JSON.stringify({ url: server.url, pid, directory: '1', token: 't' }));
    const error = await failure(overview(state));
    expect(error.message).toBe(
      `The control server cannot be reached: ${state}/server.json was copied from another state directory, whose server it names`,
    );
    expect(error.hint).toContain('fairway serve');
  });

  test.skipIf(process.getuid?.() === 0)('whose server.json belongs to another user', async () => {
    const state = await stateWith('{}');
    await chmod(join(state, 'server.json'), 0);
    expect((await failure(overview(state))).hint).toContain('FAIRWAY_TOKEN');
  });

  test('at an address that a person gave', async () => {
    const gone = await startServer();
    await gone.close();
    ended.length = 0;
    const error = await failure(clientOf(gone).overview());
    expect(error.message).toBe(`The control server cannot be reached: ${gone.url}: connection refused`);
    expect(error.hint).toBe('check --server or FAIRWAY_URL');
  });
});

describe('live events', () => {
  async function collect(client: Client, options: object = {}): Promise<number[]> {
    const sequences: number[] = [];
    const signal = AbortSignal.timeout(10_000);
    for await (const one of client.rolloutEvents('shop-1', { signal, ...options }))
      sequences.push(one.sequence);
    expect(signal.aborted).toBe(false);
    return sequences;
  }

  test('end with the event named end', async () => {
    const server = await startServer();
    server.on('GET /api/rollouts/shop-1/events', (_, response) => sendEvents(response, [entry(3), entry(5)]));
    expect(await collect(clientOf(server))).toEqual([3, 5]);
    expect(server.seen).toHaveLength(1);
  });

  test('go on from the last one seen after a broken connection, without a gap or a repetition', async () => {
    const server = await startServer();
    server.on('GET /api/rollouts/shop-1/events', (request, response) => {
      const last = Number(request.headers['last-event-id'] ?? 0);
      const rest = [1, 2, 3, 4, 5].filter((sequence) => sequence > last).map(entry);
      sendEvents(response, rest.slice(0, 2), rest.length > 2 ? 'break' : 'end');
    });
    expect(await collect(clientOf(server))).toEqual([1, 2, 3, 4, 5]);
    expect(server.seen.map((request) => request.headers['last-event-id'])).toEqual([undefined, '2', '4']);
  });

  test('survive a restart of the server at another address, and say so', async () => {
    const before = await startServer();
    const state = await stateWith(JSON.stringify({ url: before.url, pid: process.pid, token: 'one' }));
    before.on('GET /api/rollouts/shop-1/events', (_, response) => sendEvents(response, [entry(1)], 'stay'));
    const said: string[] = [];
    const client = new Client({ whereabouts: { kind: 'state', stateDirectory: state } });
    const events = collect(client, {
      onInterrupted: (patienceMs: number) => {
        said.push(`away, patient for ${patienceMs / 1000} s`);
        void comeBack();
      },
      onResumed: () => said.push('back'),
    });
    const comeBack = async () => {
      const after = await startServer();
      after.on('GET /api/rollouts/shop-1/events', (request, response) => {
        expect(request.headers).toMatchObject({ 'last-event-id': '1', authorization: 'Bearer two' });
        sendEvents(response, [entry(2)]);
      });
      await writeFile(
        join(state, 'server.json'),
        JSON.stringify({ url: after.url, pid: process.pid, token: 'two' }),
      );
    };
    while (before.seen.length === 0) await new Promise(setImmediate);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await before.close();
    expect(await events).toEqual([1, 2]);
    expect(said).toEqual(['away, patient for 30 s', 'back']);
  });

  test('give up when the server stays away for longer than the patience', async () => {
    const server = await startServer();
    server.on('GET /api/rollouts/shop-1/events', (_, response) => {
      sendEvents(response, [entry(1)], 'break');
      void server.close();
      ended.length = 0;
    });
    const error = await failure(collect(clientOf(server), { patienceMs: 200 }));
    expect(error).toBeInstanceOf(ServerUnreachable);
  });

  test('fail at once when there is no server to begin with, or it refuses', async () => {
    const server = await startServer();
    expect(await failure(collect(clientOf(server)))).toMatchObject({ status: 404 });
    await server.close();
    ended.length = 0;
    expect(await failure(collect(clientOf(server)))).toBeInstanceOf(ServerUnreachable);
  });

  test('end quietly when the reader has seen enough', async () => {
    const server = await startServer();
    server.on('GET /api/rollouts/shop-1/events', (_, response) => sendEvents(response, [entry(1)], 'stay'));
    const enough = new AbortController();
    onTestFinished(() => enough.abort());
    const sequences: number[] = [];
    for await (const one of clientOf(server).rolloutEvents('shop-1', { signal: enough.signal })) {
      sequences.push(one.sequence);
      enough.abort();
    }
    expect(sequences).toEqual([1]);
  });
});

describe('streams of lines', () => {
  test('are read whatever the pieces they come in', async () => {
    const server = await startServer();
    server.on('GET /api/apps/shop/logs', (_, response) => {
      response.writeHead(200);
      const bytes = Buffer.from(
        '{"slot":{"app":"shop","instance":"1","slot":"a"},"text":"größe"}\n\n{"slot":{"app":"shop","instance":"2","slot":"a"},"text":"b"}\n',
      );
      for (const byte of bytes) response.write(Buffer.from([byte]));
      response.end();
    });
    const texts: string[] = [];
    const wanted = { lines: 10, follow: false };
    for await (const line of clientOf(server).logs('shop', wanted, new AbortController().signal))
      texts.push(line.text);
    expect(texts).toEqual(['größe', 'b']);
    expect(server.seen[0]?.url).toBe('/api/apps/shop/logs?lines=10&follow=false');
  });

  test('end with what failed, if something did', async () => {
    const server = await startServer();
    server.on('POST /api/apps/shop/run', (_, response) =>
      response
        .writeHead(200)
        .end('{"line":"a"}\n{"error":{"code":"no-release","message":"shop has no release"}}\n'),
    );
    const signal = new AbortController().signal;
    const read = async () => {
      for await (const line of clientOf(server).run('shop', ['ls'], signal))
        expect(line).toEqual({ line: 'a' });
    };
    expect(await failure(read())).toMatchObject({ code: 'no-release', message: 'shop has no release' });
  });
});
