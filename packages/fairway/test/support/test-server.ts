import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import type { AppCounters } from '../../src/balancer/balancer.ts';
import type { Problem } from '../../src/server/api.ts';
import { type RunningServer, startServer } from '../../src/server/serve.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite.ts';
import type { Role, Store } from '../../src/store/store.ts';
import { FakeController } from './fake-controller.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Ask {
  /** `undefined`: as admin. */
  readonly as?: Role | 'nobody' | { readonly secret: string };
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A real server on a free port, with a real store, a token for each role, and a controller that moves nothing. */
export class TestServer {
  readonly directory = mkdtempSync(join(tmpdir(), 'fairway-server-'));
  readonly store: Store = openSqliteStore(join(this.directory, 'fairway.db'));
  readonly controller = new FakeController(this.store);
  readonly logged: Record<string, unknown>[] = [];
  counters: () => Promise<readonly AppCounters[]> = () => Promise.resolve([]);
  running!: RunningServer;

  static async start(): Promise<TestServer> {
    const server = new TestServer();
    for (const role of ['viewer', 'deployer', 'admin'] as const) {
      server.store.addToken({ name: role, role, secret: `secret-of-${role}` });
    }
    await server.open();
    return server;
  }

  async open(listen = { address: '127.0.0.1', port: 0 }): Promise<void> {
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.logged.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
        done();
      },
    });
    this.running = await startServer({
      controller: this.controller,
      store: this.store,
      metrics: { counters: () => this.counters() },
      listen,
      stateDirectory: this.directory,
      log: pino(sink),
    });
  }

  async dispose(): Promise<void> {
    await this.running.close();
    this.store.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** `node:http`, because fetch forbids some of the headers that tests must send. */
  ask(method: string, path: string, { as = 'admin', body, headers = {} }: Ask = {}): Promise<Answer> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const secret = typeof as === 'object' ? as.secret : `secret-of-${as}`;
    return new Promise((resolve, reject) => {
      const request = httpRequest(this.running.url, {
        method,
        path,
        agent: false,
        headers: {
          ...(as === 'nobody' ? {} : { authorization: `Bearer ${secret}` }),
          ...(text === undefined ? {} : { 'content-type': 'application/json', ...lengthOf(text, headers) }),
          ...headers,
        },
      });
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode!,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      request.end(text);
    });
  }

  async problem(method: string, path: string, ask: Ask = {}): Promise<Problem['error'] & { status: number }> {
    const answer = await this.ask(method, path, ask);
    return { status: answer.status, ...(JSON.parse(answer.text) as Problem).error };
  }
}

function lengthOf(text: string, headers: Readonly<Record<string, string>>): Record<string, number> {
  return 'transfer-encoding' in headers ? {} : { 'content-length': Buffer.byteLength(text) };
}
