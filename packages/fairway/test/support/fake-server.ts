import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export type Handler = (request: SeenRequest, response: ServerResponse) => void;

/** A real HTTP server that answers as the test says and keeps what it was asked. */
export class FakeServer {
  readonly seen: SeenRequest[] = [];
  readonly handlers = new Map<string, Handler>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #port = 0;

  static async start(port = 0): Promise<FakeServer> {
    const server = new FakeServer();
    await new Promise<void>((resolve) => server.#server.listen(port, '127.0.0.1', resolve));
    server.#port = (server.#server.address() as AddressInfo).port;
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** `route` is method and path without query: `GET /api/overview`. */
  on(route: string, handler: Handler | object): this {
    this.handlers.set(
      route,
      typeof handler === 'function' ? (handler as Handler) : (_, response) => json(response, 200, handler),
    );
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request as AsyncIterable<Buffer>) text += chunk.toString();
    const seen = {
      method: request.method!,
      url: request.url!,
      headers: request.headers,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    };
    this.seen.push(seen);
    const handler = this.handlers.get(`${seen.method} ${seen.url.split('?', 1)[0]}`);
    if (handler) handler(seen, response);
    else json(response, 404, { error: { code: 'unknown', message: `There is no ${seen.url}` } });
  }
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Answers with events and, unless it is to stay open, the one that ends the stream. */
export function sendEvents(
  response: ServerResponse,
  entries: readonly { readonly sequence: number }[],
  then: 'end' | 'stay' | 'break' = 'end',
): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': connected\n\n');
  for (const entry of entries) {
    response.write(`id: ${entry.sequence}\ndata: ${JSON.stringify(entry)}\n\n`);
  }
  if (then === 'end') response.end('event: end\ndata: {}\n\n');
  if (then === 'break') setImmediate(() => response.destroy());
}
