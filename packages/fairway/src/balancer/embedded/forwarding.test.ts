import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BalancerHere, startBalancerHere } from '../../../test/support/embedded-balancer.ts';
import { type Echo, HttpInstance } from '../../../test/support/http-instance.ts';
import type { poolDefinition } from '../../../test/support/pool-definition.ts';
import { RawVisitor } from '../../../test/support/raw-exchange.ts';
import { servePorts } from '../../../test/support/serve-ports.ts';
import { waitUntil } from '../../../test/support/wait-until.ts';

let here: BalancerHere;
let app: string;
let instance: HttpInstance;
let agent: Agent;
let visitors: RawVisitor[];
let count = 0;

beforeAll(async () => {
  here = await startBalancerHere();
});

afterAll(() => here.close());

beforeEach(async () => {
  count += 1;
  app = `app${count}`;
  agent = new Agent();
  visitors = [];
  instance = await HttpInstance.start('1');
});

afterEach(async () => {
  for (const visitor of visitors) visitor.close();
  await agent.destroy();
  await here.balancer.forget(app, 1);
  await instance.close();
});

type Changes = Parameters<typeof poolDefinition>[1];

function serve(changes: Changes = {}, ports: readonly number[] = [instance.port]): Promise<void> {
  return servePorts(here.balancer, app, ports, changes);
}

async function inFlight(): Promise<number> {
  const { servers } = (await here.balancer.observe()).pools[app]!;
  return servers.reduce((sum, server) => sum + server.inFlight, 0);
}

async function counters() {
  return (await here.balancer.counters()).find((one) => one.app === app)!;
}

function visit(path: string, options: Partial<Parameters<typeof request>[1]> = {}) {
  return request(`${here.url}${path}`, {
    ...options,
    headers: { host: `${app}.test`, ...(options.headers as Record<string, string>) },
    dispatcher: agent,
  });
}

async function rawVisitor(): Promise<RawVisitor> {
  const visitor = await RawVisitor.connect(here.port);
  visitors.push(visitor);
  return visitor;
}

describe('headers', () => {
  it('that concern one connection only do not pass, in either direction, nor those that Connection names', async () => {
    await serve();
    instance.on('/answer', (_request, response) => {
      response.writeHead(200, [
        'Connection',
        'keep-alive, X-Answer-Hop',
        'Keep-Alive',
        'timeout=77',
        'X-Answer-Hop',
        'secret',
        'Proxy-Connection',
        'x',
        'X-Kept',
        'yes',
      ]);
      response.end('ok');
    });
    const visitor = await rawVisitor();
    const hop =
      'Connection: keep-alive, X-Hop\r\nKeep-Alive: timeout=9\r\nX-Hop: 1\r\nTE: gzip\r\nProxy-Connection: x\r\n';
    visitor.send(`GET /answer HTTP/1.1\r\nHost: ${app}.test\r\n${hop}X-Kept: 1\r\n\r\n`);
    await waitUntil('it is answered', () => visitor.received.includes('ok'));
    const names = instance.requests[0]!.rawHeaders.filter((_, index) => index % 2 === 0);
    expect(names.map((name) => name.toLowerCase()).sort()).toEqual([
      'connection',
      'host',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-port',
      'x-forwarded-proto',
      'x-kept',
    ]);
    expect(instance.requests[0]!.headers.connection).toBe('keep-alive');
    expect(visitor.received).toContain('X-Kept: yes');
    expect(visitor.received).not.toMatch(/x-answer-hop|timeout=77|proxy-connection/i);
  });

  it('tell the instance who asks, and what a visitor claims about that is replaced', async () => {
    await serve();
    const forged = {
      'x-forwarded-for': '6.6.6.6',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil',
      forwarded: 'for=6',
      'x-real-ip': '6.6.6.6',
    };
    const echo = (await (await visit('/', { headers: forged })).body.json()) as Echo;
    expect(echo.headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': `${app}.test`,
      'x-forwarded-port': String(here.port),
    });
    expect(echo.headers).not.toHaveProperty('forwarded');
    expect(echo.headers).not.toHaveProperty('x-real-ip');
  });

  it('keep their order, their case and their repetitions', async () => {
    await serve();
    instance.on('/cookies', (_request, response) => {
      response.writeHead(200, 'Fine', ['Set-Cookie', 'a=1', 'X-Odd', 'caf\xe9', 'Set-Cookie', 'b=2']);
      response.end();
    });
    const visitor = await rawVisitor();
    visitor.send(`GET /cookies HTTP/1.1\r\nHost: ${app}.test\r\n\r\n`);
    await waitUntil('it is answered', () => visitor.received.includes('\r\n\r\n'));
    expect(visitor.received).toMatch(
      /^HTTP\/1\.1 200 Fine\r\nSet-Cookie: a=1\r\nX-Odd: caf\xe9\r\nSet-Cookie: b=2\r\n/,
    );
  });
});

describe('bodies', () => {
  it('of any size pass unchanged in both directions', async () => {
    await serve({ route: { hosts: [`${app}.test`], maxBodyBytes: 20_000_000 } });
    instance.on('/mirror', (asked, response) => asked.pipe(response));
    for (const bytes of [1, 60_000, 70_000, 8_000_000]) {
      const sent = randomBytes(bytes);
      for (const body of [sent, Readable.from(slices(sent))]) {
        const answer = await visit('/mirror', { method: 'POST', body });
        expect(hash(Buffer.from(await answer.body.arrayBuffer()))).toBe(hash(sent));
      }
    }
  });

  it('flow both ways at once: each part reaches the other side before the next is sent', async () => {
    await serve();
    instance.on('/mirror', (asked, response) => {
      response.flushHeaders();
      asked.pipe(response);
    });
    const ask = httpRequest(`${here.url}/mirror`, { method: 'POST', headers: { host: `${app}.test` } });
    ask.flushHeaders();
    ask.write('one');
    const [answer] = (await once(ask, 'response')) as [IncomingMessage];
    expect(String((await once(answer, 'data'))[0])).toBe('one');
    ask.write('two');
    expect(String((await once(answer, 'data'))[0])).toBe('two');
    ask.end();
    answer.resume();
    await once(answer, 'end');
  });

  it('are not read faster from an instance than the visitor takes them', async () => {
    await serve();
    let written = 0;
    instance.on('/endless', (_request, response) => {
      const chunk = Buffer.alloc(65_536);
      const more = () => {
        for (let goOn = true; goOn && !response.destroyed; written += chunk.length)
          goOn = response.write(chunk);
        response.once('drain', more);
      };
      more();
    });
    const visitor = await rawVisitor();
    visitor.socket.pause();
    visitor.send(`GET /endless HTTP/1.1\r\nHost: ${app}.test\r\n\r\n`);
    let before = -1;
    await waitUntil('the instance has to wait', async () => {
      const still = written === before && written > 0;
      before = written;
      await delay(100);
      return still;
    });
    expect(written).toBeLessThan(30_000_000);
  });

  it('end the request at the instance when the visitor leaves', async () => {
    await serve();
    let left = false;
    instance.on('/wait', (asked) => {
      asked.once('close', () => {
        left = true;
      });
    });
    const visitor = await rawVisitor();
    visitor.send(`GET /wait HTTP/1.1\r\nHost: ${app}.test\r\n\r\n`);
    await waitUntil('it is under way', () => instance.requests.length === 1);
    visitor.close();
    await waitUntil('the instance notices', () => left);
    expect(await inFlight()).toBe(0);
  });

  it('without an announced length carry their trailers along', async () => {
    await serve();
    instance.on('/trailers', (_request, response) => {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('body');
      response.addTrailers({ 'x-sum': '42' });
      response.end();
    });
    const { body, trailers } = await visit('/trailers');
    expect(await body.text()).toBe('body');
    expect(trailers).toEqual({ 'x-sum': '42' });
  });

  it('reach the visitor also where announced trailers have no place', async () => {
    await serve();
    for (const path of ['/length', '/not-modified', '/chunked'])
      instance.on(path, (_request, response) => {
        const length = path === '/length' ? 'Content-Length: 2\r\n\r\nok' : '';
        const chunks = path === '/chunked' ? 'Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n' : '';
        const status = path === '/not-modified' ? '304 Not Modified' : '200 OK';
        response.socket!.end(`HTTP/1.1 ${status}\r\nTrailer: X-Sum\r\n${length || chunks || '\r\n'}`);
      });
    for (const [line, status] of [
      ['GET /length HTTP/1.1', 200],
      ['GET /not-modified HTTP/1.1', 304],
      ['HEAD /chunked HTTP/1.1', 200],
      ['GET /chunked HTTP/1.0', 200],
    ] as const) {
      const visitor = await rawVisitor();
      visitor.send(`${line}\r\nHost: ${app}.test\r\n\r\n`);
      await waitUntil(`${line} is answered`, () => visitor.statuses.length > 0 || visitor.ended);
      expect([line, visitor.statuses]).toEqual([line, [status]]);
    }
  });

  it('whose reason phrase may not be sent on are a 502, not a broken connection', async () => {
    await serve();
    instance.on('/odd', (_request, response) =>
      response.socket!.end('HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok'),
    );
    expect((await visit('/odd')).statusCode).toBe(502);
  });

  it('that announce a length where there can be no body reach the visitor', async () => {
    await serve();
    instance.on('/204', (_request, response) =>
      response.socket!.end('HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok'),
    );
    expect((await visit('/204')).statusCode).toBe(204);
  });

  it('are absent where the protocol wants none, and the connection stays usable', async () => {
    await serve();
    instance.on('/204', (_request, response) => response.writeHead(204).end());
    instance.on('/304', (_request, response) => response.writeHead(304, { 'content-length': '7' }).end());
    instance.on('/head', (_request, response) => response.writeHead(200, { 'content-length': '7' }).end());
    const visitor = await rawVisitor();
    for (const line of ['GET /204', 'GET /304', 'HEAD /head', 'HEAD /', 'GET /204']) {
      const before = visitor.statuses.length;
      visitor.send(`${line} HTTP/1.1\r\nHost: ${app}.test\r\n\r\n`);
      await waitUntil(
        `${line} is answered`,
        () => visitor.statuses.length > before && visitor.received.endsWith('\r\n\r\n'),
      );
    }
    expect(visitor.statuses).toEqual([204, 304, 200, 200, 204]);
    expect(visitor.received.match(/content-length: 7/gi)).toHaveLength(2);
  });

  it('that are too large are refused also when only their end shows it, and the visitor sees the answer', async () => {
    await serve({ route: { hosts: [`${app}.test`], maxBodyBytes: 100_000 } });
    const body = Readable.from(slices(randomBytes(400_000)));
    const { statusCode, body: text } = await visit('/', { method: 'POST', body });
    expect(statusCode).toBe(413);
    expect(await text.text()).toBe('request body too large\n');
    expect((await counters()).unserved).toEqual({ 413: 1 });
  });

  it('are asked for with 100 Continue, but not when they would be refused', async () => {
    await serve({ route: { hosts: [`${app}.test`], maxBodyBytes: 1000 } });
    const visitor = await rawVisitor();
    const head = (length: number) =>
      `POST / HTTP/1.1\r\nHost: ${app}.test\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
    visitor.send(head(4));
    await waitUntil('it may go on', () => visitor.statuses.length === 1);
    visitor.send('body');
    await waitUntil('it is answered', () => visitor.statuses.length === 2);
    visitor.send(head(1001));
    await waitUntil('it is refused', () => visitor.statuses.length === 3);
    expect(visitor.statuses).toEqual([100, 200, 413]);
  });

  it('come after informational answers, which do not confuse', async () => {
    await serve();
    instance.on('/hints', (_request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.end('answer');
    });
    const { statusCode, body } = await visit('/hints');
    expect([statusCode, await body.text()]).toEqual([200, 'answer']);
  });
});

describe('an ambiguous request is refused before an instance sees it:', () => {
  const cases: Record<string, [number, (host: string) => string]> = {
    'Content-Length beside Transfer-Encoding': [
      400,
      (host) =>
        `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    'two Content-Lengths': [
      400,
      (host) => `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd`,
    ],
    'an unknown transfer coding': [
      501,
      (host) => `POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    ],
    'a hidden transfer coding': [
      400,
      (host) => `POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    ],
    'two Host headers': [400, (host) => `GET / HTTP/1.1\r\nHost: ${host}\r\nHost: evil.test\r\n\r\n`],
    'no Host header': [400, () => 'GET / HTTP/1.1\r\n\r\n'],
    'a folded header': [400, (host) => `GET / HTTP/1.1\r\nHost: ${host}\r\nX-A: b\r\n c: d\r\n\r\n`],
    'a target that is no path': [400, (host) => `OPTIONS * HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
    'headers beyond any limit': [
      431,
      (host) => `GET / HTTP/1.1\r\nHost: ${host}\r\nX-A: ${'a'.repeat(70_000)}\r\n\r\n`,
    ],
  };
  it.each(Object.entries(cases))('%s', async (_name, [status, text]) => {
    await serve();
    const visitor = await rawVisitor();
    visitor.send(text(`${app}.test`));
    await waitUntil('it is answered', () => visitor.statuses.length > 0 || visitor.ended);
    expect(visitor.statuses).toEqual([status]);
    expect(instance.requests).toEqual([]);
  });
});

it('reads the host out of a target in absolute form, and asks the instance in origin form', async () => {
  await serve();
  const visitor = await rawVisitor();
  visitor.send(`GET http://${app}.test/a?b HTTP/1.1\r\nHost: other.test\r\n\r\n`);
  await waitUntil('it is answered', () => visitor.statuses.length === 1);
  expect(instance.requests[0]).toMatchObject({ url: '/a?b', headers: { host: `${app}.test` } });
});

describe('time runs out', () => {
  it('for an instance that does not begin to answer: 504', async () => {
    await serve({ timeouts: { firstByteMs: 300 } });
    instance.on('/late', () => {});
    const { statusCode, body } = await visit('/late');
    expect([statusCode, await body.text()]).toEqual([504, 'the instance did not answer in time\n']);
    expect((await counters()).servers[0]).toMatchObject({ failures: 1 });
    // Slow is not dead: the server goes on serving.
    expect((await visit('/')).statusCode).toBe(200);
  });

  it('for an instance that stops in the middle: the connection breaks, so that the visitor notices', async () => {
    await serve({ timeouts: { idleMs: 300 } });
    instance.on('/stuck', (_request, response) => response.write('begun'));
    const { body } = await visit('/stuck');
    await expect(body.text()).rejects.toThrow();
    expect((await counters()).servers[0]).toMatchObject({ failures: 1, answers: [0, 0, 0, 0, 0] });
  });

  it('for a visitor that stops reading, but not for one that reads slowly', async () => {
    await serve({ timeouts: { idleMs: 300 } });
    instance.on('/large', (_request, response) => response.end(Buffer.alloc(20_000_000)));
    const visitor = await rawVisitor();
    visitor.socket.pause();
    visitor.send(`GET /large HTTP/1.1\r\nHost: ${app}.test\r\n\r\n`);
    await waitUntil('it is under way', async () => (await inFlight()) === 1);
    await waitUntil('it is given up', async () => (await inFlight()) === 0);
  });
});

describe('an upload', () => {
  it('may take longer than the instance may take to begin its answer, which is counted from the upload’s end', async () => {
    await serve({ timeouts: { firstByteMs: 300, idleMs: 2000 } });
    const visitor = await rawVisitor();
    visitor.send(`POST / HTTP/1.1\r\nHost: ${app}.test\r\nTransfer-Encoding: chunked\r\n\r\n`);
    for (let piece = 0; piece < 25; piece++) {
      visitor.send('1\r\nx\r\n');
      await delay(100);
    }
    visitor.send('0\r\n\r\n');
    await waitUntil('it is answered', () => visitor.statuses.length === 1);
    expect(visitor.statuses).toEqual([200]);
    expect(visitor.received).toContain('"body":"xxxxxxxxxxxxxxxxxxxxxxxxx"');
  });

  it.each([
    ['short', 'Content-Length: 10\r\n\r\nhalf'],
    ['long', 'Content-Length: 100000\r\n\r\nhalf'],
    ['of unannounced length', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ])('that stops in the middle is given up, and its visitor told (%s)', async (_length, rest) => {
    await serve({ timeouts: { idleMs: 300 } });
    const visitor = await rawVisitor();
    visitor.send(`POST / HTTP/1.1\r\nHost: ${app}.test\r\n${rest}`);
    await waitUntil('it is answered', () => visitor.statuses.length === 1);
    await waitUntil('the connection is closed', () => visitor.ended);
    expect(visitor.statuses).toEqual([408]);
    expect(visitor.received).toMatch(/connection: close/i);
    expect(await inFlight()).toBe(0);
    expect(await counters()).toMatchObject({ servers: [{ failures: 0 }], unserved: { 408: 1 } });
  });

  it('of which the instance takes nothing is given up as an answer that does not come', async () => {
    await serve({
      timeouts: { idleMs: 100, firstByteMs: 500 },
      route: { hosts: [`${app}.test`], maxBodyBytes: 1e8 },
    });
    instance.on('/unread', (asked) => asked.pause());
    const startedAt = performance.now();
    const body = Readable.from(slices(Buffer.alloc(20_000_000)));
    const { statusCode } = await visit('/unread', { method: 'POST', body });
    expect(statusCode).toBe(504);
    expect(performance.now() - startedAt).toBeGreaterThan(450);
    expect((await counters()).servers[0]).toMatchObject({ failures: 1 });
  });

  it('goes on while it moves, although the answer began long ago', async () => {
    await serve({ timeouts: { idleMs: 400, firstByteMs: 400 } });
    instance.on('/early', (asked, response) => {
      response.write('begun');
      asked.resume().on('end', () => response.end(' ended'));
    });
    const ask = httpRequest(`${here.url}/early`, { method: 'POST', headers: { host: `${app}.test` } });
    ask.write('x');
    const [answer] = (await once(ask, 'response')) as [IncomingMessage];
    let text = '';
    answer.on('data', (data) => {
      text += data;
    });
    for (let piece = 0; piece < 25; piece++) {
      ask.write('x');
      await delay(100);
    }
    ask.end();
    await once(answer, 'end');
    expect(text).toBe('begun ended');
  });
});

describe('a visitor that ends its side after its request', () => {
  it.each(['1.1', '1.0'])('gets its answer, also one that is long in coming (HTTP/%s)', async (version) => {
    await serve();
    const release = instance.holdRequests();
    const visitor = await rawVisitor();
    visitor.send(`GET /hold HTTP/${version}\r\nHost: ${app}.test\r\n\r\n`);
    visitor.socket.end();
    await waitUntil('it is under way', () => instance.requests.length === 1);
    await delay(1000);
    release();
    await waitUntil('it is answered and closed', () => visitor.ended);
    expect(visitor.received).toMatch(/^HTTP\/1\.1 200 [\s\S]*held/);
  });

  it('gets all of a long answer', async () => {
    await serve();
    instance.on('/large', (_request, response) => response.end(Buffer.alloc(5_000_000, 'x')));
    const visitor = await rawVisitor();
    visitor.send(`GET /large HTTP/1.1\r\nHost: ${app}.test\r\n\r\n`);
    visitor.socket.end();
    await waitUntil('it is answered and closed', () => visitor.ended);
    expect(visitor.received.length).toBeGreaterThan(5_000_000);
  });

  it('in the middle of it is told that the request is not whole', async () => {
    await serve();
    const visitor = await rawVisitor();
    visitor.send(`POST / HTTP/1.1\r\nHost: ${app}.test\r\nContent-Length: 4\r\n\r\nbo`);
    visitor.socket.end();
    await waitUntil('it is answered and closed', () => visitor.ended);
    expect(visitor.statuses).toEqual([400]);
    expect(instance.requests).toEqual([]);
  });
});

describe('another server is tried', () => {
  it('when no connection could be opened, for any method, and both sides are counted', async () => {
    const second = await HttpInstance.start('2');
    const { port } = instance;
    await serve({ health: { intervalMs: 60_000 } }, [port, second.port]);
    await instance.close();
    instance = second;
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        visit('/', { method: 'POST', body: 'x' }).then(({ statusCode }) => statusCode),
      ),
    );
    expect(new Set(answers)).toEqual(new Set([200]));
    const { servers, unserved } = await counters();
    const [failed] = servers.filter(({ id }) => id.includes(String(port)));
    expect(failed!.failures).toBeGreaterThan(0);
    expect(failed!.retried).toBe(failed!.failures);
    expect(unserved).toEqual({});
    const down = (await here.balancer.observe()).pools[app]!.servers.find((server) => server.port === port);
    // Known at once, long before the next check was due.
    expect(down).toMatchObject({ healthy: false, lastFailure: 'connection refused' });
  });

  it('even if all fail their checks: better than a certain error', async () => {
    await serve();
    instance.healthy = false;
    await waitUntil('it is unhealthy', async () =>
      (await here.balancer.observe()).pools[app]!.servers.every(({ healthy }) => !healthy),
    );
    expect((await visit('/')).statusCode).toBe(200);
  });

  it('until none is left: 503, and when to come back', async () => {
    await serve({ health: { intervalMs: 60_000 } });
    await instance.close();
    const { statusCode, headers, body } = await visit('/');
    expect([statusCode, headers['retry-after'], await body.text()]).toEqual([
      503,
      '1',
      'no instance can be reached\n',
    ]);
    instance = await HttpInstance.start('1');
  });

  it('with a GET whose kept connection was closed under it, but never with a POST', async () => {
    const closing = await ClosingInstance.start();
    try {
      await serve({}, [closing.port]);
      expect((await visit('/')).statusCode).toBe(200);
      // It announced that it would keep its connections.
      closing.closeNext();
      expect((await visit('/', { method: 'POST', body: 'x' })).statusCode).toBe(502);
      expect(closing.posts).toBe(1);
      closing.closeNext();
      expect((await visit('/')).statusCode).toBe(200);
      expect((await visit('/')).statusCode).toBe(200);
    } finally {
      await closing.close();
    }
  });

  it('never for a request of which a fresh connection broke: it may have been carried out', async () => {
    await serve();
    instance.on('/deadly', (asked) => asked.socket.destroy());
    expect((await visit('/deadly')).statusCode).toBe(502);
    expect(instance.requests).toHaveLength(1);
  });
});

describe('kept connections to instances', () => {
  it('are used again', async () => {
    await serve();
    for (let visits = 0; visits < 5; visits++)
      await (await visit('/', { method: 'POST', body: 'x' })).body.dump();
    expect(new Set(instance.requests.map(({ socket }) => socket.remotePort)).size).toBe(1);
  });

  it('are closed before an instance that announces a time would close them', async () => {
    await serve();
    instance.server.keepAliveTimeout = 2500;
    await (await visit('/')).body.dump();
    const [first] = instance.requests;
    const usedAt = performance.now();
    await once(first!.socket, 'close');
    expect(performance.now() - usedAt).toBeLessThan(2000);
  });

  it('are closed after a second at an instance that announces nothing', async () => {
    await serve();
    instance.on('/quiet', (_request, response) => response.setHeader('connection', 'keep-alive').end());
    instance.server.keepAliveTimeout = 60_000;
    await (await visit('/quiet')).body.dump();
    const [first] = instance.requests;
    const usedAt = performance.now();
    await once(first!.socket, 'close');
    expect(performance.now() - usedAt).toBeLessThan(2500);
  });

  it('lose no POST to an instance that closes idle ones after a second without saying so', async () => {
    const quiet = createHttpServer((asked, response) => asked.resume().on('end', () => response.end('ok')));
    quiet.keepAliveTimeout = 1300;
    quiet.on('request', (_asked, response) => response.setHeader('connection', 'keep-alive'));
    quiet.listen(0, '127.0.0.1');
    await once(quiet, 'listening');
    try {
      await serve({}, [(quiet.address() as AddressInfo).port]);
      const post = async (pauseMs: number) => {
        await (await visit('/', { method: 'POST', body: 'x' })).body.dump();
        await delay(pauseMs);
        const { statusCode, body } = await visit('/', { method: 'POST', body: 'x' });
        await body.dump();
        return statusCode;
      };
      // Around the moments at which we and the instance give an idle connection up.
      const pauses = Array.from({ length: 40 }, (_, index) => 900 + index * 15);
      expect(new Set(await Promise.all(pauses.map(post)))).toEqual(new Set([200]));
    } finally {
      quiet.closeAllConnections();
      quiet.close();
    }
  });

  it('are closed when the server drains', async () => {
    await serve();
    instance.server.keepAliveTimeout = 60_000;
    await (await visit('/')).body.dump();
    const [asked] = instance.requests;
    await here.balancer.drain({ app, instance: String(instance.port), slot: 'a' }, 1000, 1);
    await waitUntil('it is closed', () => asked!.socket.destroyed);
  });
});

describe('protocol changes', () => {
  it('carry bytes sent along with the request and the answer, and one side may end before the other', async () => {
    await serve();
    const fromVisitor: string[] = [];
    instance.server.on('upgrade', (asked, socket: Socket, head: Buffer) => {
      expect(asked.headers).toMatchObject({
        connection: 'Upgrade',
        upgrade: 'test',
        'x-forwarded-for': '127.0.0.1',
      });
      fromVisitor.push(head.toString());
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\nearly ');
      socket.on('data', (data) => fromVisitor.push(String(data)));
      socket.on('end', () => socket.end('after the end'));
    });
    const visitor = await rawVisitor();
    visitor.send(`GET / HTTP/1.1\r\nHost: ${app}.test\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\nhead `);
    await waitUntil('it has switched', () => visitor.received.endsWith('early '));
    visitor.send('body');
    await waitUntil('it has arrived', () => fromVisitor.join('') === 'head body');
    visitor.socket.end();
    await waitUntil('the rest has come', () => visitor.received.endsWith('after the end') && visitor.ended);
    await waitUntil('nothing is under way', async () => (await inFlight()) === 0);
    expect((await counters()).servers[0]!.answers).toEqual([1, 0, 0, 0, 0]);
  });

  it('let a visitor go on after the instance has said its last', async () => {
    await serve();
    const fromVisitor: string[] = [];
    instance.server.on('upgrade', (_asked, socket: Socket) => {
      socket.on('data', (data) => fromVisitor.push(String(data)));
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\nthe last');
    });
    const visitor = await rawVisitor();
    visitor.send(`GET / HTTP/1.1\r\nHost: ${app}.test\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n`);
    await waitUntil('the instance has ended', () => visitor.ended && visitor.received.endsWith('the last'));
    visitor.send('still here');
    await waitUntil('it arrives', () => fromVisitor.join('') === 'still here');
    visitor.socket.end();
    await waitUntil('nothing is under way', async () => (await inFlight()) === 0);
  });

  it('end at the instance when the visitor is cut off, and the other way round', async () => {
    await serve();
    const sockets: Socket[] = [];
    const ended: Socket[] = [];
    instance.server.on('upgrade', (_asked, socket: Socket) => {
      sockets.push(socket);
      socket
        .on('error', () => {})
        .on('close', () => ended.push(socket))
        .on('end', () => ended.push(socket));
      socket.resume();
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n');
    });
    const switching = `GET / HTTP/1.1\r\nHost: ${app}.test\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n`;
    const [first, second] = [await rawVisitor(), await rawVisitor()];
    first.send(switching);
    await waitUntil('it has switched', () => first.statuses.length === 1);
    second.send(switching);
    await waitUntil('it has switched', () => second.statuses.length === 1);
    first.socket.resetAndDestroy();
    await waitUntil('the instance notices', () => ended.includes(sockets[0]!));
    sockets[1]!.destroy();
    await waitUntil('the visitor notices', () => second.ended);
  });

  it.runIf(process.platform === 'linux')(
    'are watched for visitors and instances that vanish without a word: TCP asks them now and then',
    async () => {
      await serve();
      let fromUs: number | undefined;
      instance.server.on('upgrade', (_asked, socket: Socket) => {
        fromUs = socket.remotePort;
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n');
      });
      const visitor = await rawVisitor();
      visitor.send(`GET / HTTP/1.1\r\nHost: ${app}.test\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n`);
      await waitUntil('it has switched', () => visitor.statuses.length === 1);
      await waitUntil(
        'both sides are watched',
        async () => {
          const toVisitor = await keepAliveTimerRuns(here.port, visitor.socket.localPort!);
          return toVisitor && (await keepAliveTimerRuns(fromUs!, instance.port));
        },
        2000,
      );
    },
  );

  it('may be declined by the instance, whose answer then comes through', async () => {
    await serve();
    instance.server.on('upgrade', (_asked, socket: Socket) => {
      socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno');
    });
    const visitor = await rawVisitor();
    visitor.send(`GET / HTTP/1.1\r\nHost: ${app}.test\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n`);
    await waitUntil('it is answered', () => visitor.ended);
    expect(visitor.received).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n[\s\S]*\r\n\r\nno$/);
  });

  it.each([
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA',
    'Connection: Upgrade\r\nUpgrade: TLS/1.2, HTTP/2.0\r\nHTTP2-Settings: AAEAAEAA',
  ])('to what is HTTP itself are not made: an answer comes as if nobody had asked (%s)', async (asking) => {
    await serve();
    const visitor = await rawVisitor();
    const host = `Host: ${app}.test\r\n`;
    // Two of them in one piece, a body in the first: nothing behind an ignored header is lost or read as something else.
    visitor.send(
      `POST /one HTTP/1.1\r\n${host}${asking}\r\nContent-Length: 4\r\n\r\nbody` +
        `GET /two HTTP/1.1\r\n${host}${asking}\r\n\r\n`,
    );
    await waitUntil('both are answered', () => visitor.statuses.length === 2);
    visitor.send(`GET /three HTTP/1.1\r\n${host}\r\n`);
    await waitUntil('the connection is still good', () => visitor.statuses.length === 3);
    expect(visitor.statuses).toEqual([200, 200, 200]);
    expect(visitor.received).toContain('"body":"body"');
    expect(instance.requests.map(({ url }) => url)).toEqual(['/one', '/two', '/three']);
    for (const { headers } of instance.requests) {
      expect(headers).not.toHaveProperty('upgrade');
      expect(headers).not.toHaveProperty('http2-settings');
      expect(headers.connection).toBe('keep-alive');
    }
  });

  it('whose wish is ignored keep their place behind requests that are not answered yet', async () => {
    await serve();
    const release = instance.holdRequests();
    const visitor = await rawVisitor();
    const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: ${app}.test\r\n${more}\r\n`;
    visitor.send(get('/hold') + get('/two', 'Connection: Upgrade\r\nUpgrade: h2c\r\n') + get('/three'));
    await waitUntil('the first is held', () => instance.requests.length > 0);
    release();
    await waitUntil('all are answered', () => visitor.statuses.length === 3);
    expect(visitor.received).toMatch(/held[\s\S]*"url":"\/two"[\s\S]*"url":"\/three"/);
  });

  it('whose wish is ignored again and again leave nothing behind on their connection', async () => {
    await serve();
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => warnings.push(name);
    process.on('warning', onWarning);
    const visitor = await rawVisitor();
    for (let sent = 1; sent <= 12; sent++) {
      visitor.send(`GET / HTTP/1.1\r\nHost: ${app}.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`);
      await waitUntil('it is answered', () => visitor.statuses.length === sent);
    }
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('are asked for without the names that stand for HTTP, where others are left', async () => {
    await serve();
    instance.server.on('upgrade', (asked, socket: Socket) => {
      socket.end(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${asked.headers.upgrade}\r\n\r\n`,
      );
    });
    const visitor = await rawVisitor();
    const asking = 'Connection: Upgrade\r\nUpgrade: h2c, websocket';
    visitor.send(`GET / HTTP/1.1\r\nHost: ${app}.test\r\n${asking}\r\n\r\n`);
    await waitUntil('it has switched', () => visitor.statuses.length === 1);
    expect(visitor.received).toMatch(/^HTTP\/1\.1 101 [\s\S]*Upgrade: websocket\r\n/);
  });

  it.each([
    ['with a body', 'POST / HTTP/1.1', 'Content-Length: 4\r\n\r\nbody'],
    ['of unannounced length', 'POST / HTTP/1.1', 'Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n'],
    ['in HTTP/1.0', 'GET / HTTP/1.0', '\r\n'],
  ])('cannot be asked for %s: the request is answered as usual', async (_case, line, rest) => {
    await serve();
    const visitor = await rawVisitor();
    visitor.send(`${line}\r\nHost: ${app}.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${rest}`);
    await waitUntil('it is answered', () => visitor.statuses.length === 1);
    expect(visitor.statuses).toEqual([200]);
    expect(instance.requests[0]!.headers).not.toHaveProperty('upgrade');
    expect(visitor.received).toContain(rest.includes('body') ? '"body":"body"' : '"body":""');
  });

  it('go to another server when one cannot be reached, and are refused like requests', async () => {
    const second = await HttpInstance.start('2');
    second.server.on('upgrade', (_asked, socket: Socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n');
    });
    await serve({ health: { intervalMs: 60_000 } }, [instance.port, second.port]);
    await instance.close();
    instance = second;
    const statuses: number[] = [];
    for (const host of [app, app, app, 'unknown']) {
      const visitor = await rawVisitor();
      visitor.send(`GET / HTTP/1.1\r\nHost: ${host}.test\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n`);
      await waitUntil('it is answered', () => visitor.statuses.length === 1);
      statuses.push(...visitor.statuses);
    }
    expect(statuses).toEqual([101, 101, 101, 404]);
  });
});

/** Answers over kept connections, and on demand closes one at the moment its next request arrives. */
class ClosingInstance {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #closeNext = false;
  posts = 0;

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      let requests = 0;
      socket.on('error', () => {});
      socket.on('data', (data) => {
        const text = String(data);
        if (!text.includes('\r\n\r\n')) return;
        requests += 1;
        if (text.startsWith('POST')) this.posts += 1;
        if (this.#closeNext && requests > 1) {
          this.#closeNext = false;
          socket.destroy();
        } else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=60\r\n\r\nok');
      });
    });
  }

  static async start(): Promise<ClosingInstance> {
    const instance = new ClosingInstance();
    instance.#server.listen(0, '127.0.0.1');
    await once(instance.#server, 'listening');
    return instance;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  closeNext(): void {
    this.#closeNext = true;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Whether the kernel has a keep-alive timer for a connection of this machine: the second kind in proc(5)'s `tcp`. */
async function keepAliveTimerRuns(localPort: number, remotePort: number): Promise<boolean> {
  const address = (port: number) => `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  const line = lines.find((words) => words[1] === address(localPort) && words[2] === address(remotePort));
  return line?.[5]?.startsWith('02:') ?? false;
}

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += 10_000) yield bytes.subarray(start, start + 10_000);
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
