import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What an instance tells about a request that it answered. */
export interface Echo {
  readonly instance: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A real HTTP server that stands for one instance of an app. Tests change what it does while it runs. */
export class HttpInstance {
  readonly name: string;
  healthy = true;
  /** Paths that are answered by hand; everything else is echoed. */
  readonly handlers = new Map<string, Handler>();
  /** Every request but health checks. */
  readonly requests: IncomingMessage[] = [];
  checks = 0;
  readonly server: Server;
  readonly sockets = new Set<Duplex>();

  private constructor(name: string) {
    this.name = name;
    this.server = createServer((request, response) => this.#answer(request, response));
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  static async start(name: string, port = 0, address = '127.0.0.1'): Promise<HttpInstance> {
    const instance = new HttpInstance(name);
    await new Promise<void>((resolve, reject) => {
      instance.server.once('error', reject);
      instance.server.listen(port, address, resolve);
    });
    return instance;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  on(path: string, handler: Handler): void {
    this.handlers.set(path, handler);
  }

  /** Holds every request to `/hold`; answers the ones held, with `held`, when called. */
  holdRequests(): () => void {
    const held: ServerResponse[] = [];
    this.on('/hold', (_request, response) => held.push(response));
    return () => {
      for (const response of held.splice(0)) response.end('held');
    };
  }

  /** Ends like a process that is killed: nothing listens any more, and every connection is cut. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.url === '/health') {
      this.checks += 1;
      response.writeHead(this.healthy ? 200 : 503).end();
      return;
    }
    this.requests.push(request);
    const handler = this.handlers.get(request.url!.split('?')[0]!);
    if (handler) handler(request, response);
    else this.#echo(request, response);
  }

  #echo(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, rawHeaders } = request;
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([key, value]) => [key, String(value)]),
      );
      const body = Buffer.concat(chunks).toString();
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ instance: this.name, method, url, headers, rawHeaders, body }));
    });
  }
}
