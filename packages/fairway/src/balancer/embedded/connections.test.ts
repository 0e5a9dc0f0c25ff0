import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BalancerHere, startBalancerHere } from '../../../test/support/embedded-balancer.ts';
import { servePorts } from '../../../test/support/serve-ports.ts';
import { waitUntil } from '../../../test/support/wait-until.ts';

const app = 'shop';
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

let here: BalancerHere;
let agent: Agent;
let instance: RawInstance;

beforeEach(async () => {
  here = await startBalancerHere();
  agent = new Agent({ connections: 20 });
});

afterEach(async () => {
  await agent.destroy();
  await here.close();
  await instance.close();
});

async function visit(method: 'GET' | 'POST' | 'PUT', body: string | null = null): Promise<number> {
  const { statusCode, body: answered } = await request(`${here.url}/`, {
    method,
    body,
    headers: { host: `${app}.test` },
    dispatcher: agent,
  });
  await answered.dump();
  return statusCode;
}

/** `visits` requests, ten visitors wide; the status codes that were not 200. */
async function visitOften(visits: number, methodOf: (turn: number) => 'GET' | 'POST'): Promise<number[]> {
  const bad: number[] = [];
  let turn = 0;
  const visitor = async () => {
    while (turn < visits) {
      const method = methodOf(turn++);
      const status = await visit(method, method === 'POST' ? 'x' : null);
      if (status !== 200) bad.push(status);
    }
  };
  await Promise.all(Array.from({ length: 10 }, visitor));
  return bad;
}

describe('an instance that closes a connection after its answer, without saying so,', () => {
  const closings: Record<string, (socket: Socket) => void> = {
    'at once': (socket) => socket.end(),
    'in the next turn': (socket) => void setImmediate(() => socket.end()),
    'with a reset': (socket) => void setImmediate(() => socket.resetAndDestroy()),
    'within 30 ms': (socket) => void setTimeout(() => socket.end(), Math.random() * 30),
  };
  it.each(Object.entries(closings))('%s, costs no request, whatever its method', async (_when, close) => {
    instance = await RawInstance.start((socket) => {
      socket.write(answer);
      close(socket);
    });
    await servePorts(here.balancer, app, [instance.port]);
    expect((await visitOften(600, (turn) => (turn % 3 === 0 ? 'GET' : 'POST'))).length).toBe(0);
    expect(instance.posts).toBe(400);
  });

  it('after it has kept all others, costs no further request', async () => {
    let closing = false;
    instance = await RawInstance.start((socket) => {
      socket.write(answer);
      if (closing) socket.end();
    });
    await servePorts(here.balancer, app, [instance.port]);
    await visit('GET');
    await waitUntil('it is known to keep them', () => instance.sockets.size === 0);
    await visitOften(50, () => 'POST');
    expect(instance.opened).toBeLessThan(15);
    closing = true;
    await visitOften(50, () => 'GET');
    expect((await visitOften(300, () => 'POST')).length).toBe(0);
  });
});

describe('a request that must not be sent twice', () => {
  it('has a connection of its own until the instance has shown that it keeps idle ones', async () => {
    instance = await RawInstance.start((socket) => socket.write(answer));
    await servePorts(here.balancer, app, [instance.port]);
    for (let visits = 0; visits < 5; visits++) expect(await visit('POST', 'x')).toBe(200);
    expect(instance.opened).toBe(5);
    await waitUntil('we gave them all up first', () => instance.sockets.size === 0);
    for (let visits = 0; visits < 5; visits++) expect(await visit('POST', 'x')).toBe(200);
    expect(instance.opened).toBe(6);
  });

  it('goes over a kept connection at once where the instance announces how long it keeps them', async () => {
    const announcing = answer.replace('\r\n\r\n', '\r\nKeep-Alive: timeout=5\r\n\r\n');
    instance = await RawInstance.start((socket) => socket.write(announcing));
    await servePorts(here.balancer, app, [instance.port]);
    for (let visits = 0; visits < 5; visits++) expect(await visit('POST', 'x')).toBe(200);
    expect(instance.opened).toBe(1);
  });

  it('keeps others from nothing: a GET uses what is there', async () => {
    instance = await RawInstance.start((socket) => socket.write(answer));
    await servePorts(here.balancer, app, [instance.port]);
    for (let visits = 0; visits < 5; visits++) expect(await visit('GET')).toBe(200);
    // The first connection is left alone, to see whether it is kept.
    expect(instance.opened).toBe(2);
  });
});

/** Speaks HTTP by hand, so that a test can say what becomes of each connection. Health checks are answered and not counted. */
class RawInstance {
  readonly #server: Server;
  readonly sockets = new Set<Socket>();
  /** Connections over which a request came. */
  opened = 0;
  posts = 0;

  private constructor(respond: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      let text = '';
      let counted = false;
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('data', (data) => {
        text += data;
        if (text.startsWith('GET /health')) {
          socket.end(answer);
          return;
        }
        if (!text.endsWith(text.startsWith('POST') ? '\r\n\r\nx' : '\r\n\r\n')) return;
        if (!counted) this.opened += 1;
        counted = true;
        this.sockets.add(socket);
        if (text.startsWith('POST')) this.posts += 1;
        text = '';
        respond(socket);
      });
    });
  }

  static async start(respond: (socket: Socket) => void): Promise<RawInstance> {
    const instance = new RawInstance(respond);
    instance.#server.listen(0, '127.0.0.1');
    await once(instance.#server, 'listening');
    return instance;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
