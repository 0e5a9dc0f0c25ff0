import { type Agent, request } from 'node:http';

/** One kind of request of the mix. */
export interface RequestKind {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly keepAlive: boolean;
  /** How long the app itself takes to answer, ms. */
  readonly ownTimeMs: number;
  readonly body?: string;
  /** What is wrong with an answer, if anything. */
  readonly check: (status: number, body: string) => string | undefined;
}

export interface Target {
  readonly host: string;
  readonly port: number;
  /** Host header. */
  readonly hostname: string;
}

const TIMEOUT_MS = 15_000;

/** Sends one request and reads its whole answer; resolves to what went wrong, or to undefined. Never rejects. */
export function send(target: Target, kind: RequestKind, agent: Agent): Promise<string | undefined> {
  return new Promise((resolve) => {
    const outgoing = request({
      host: target.host,
      port: target.port,
      method: kind.method,
      path: kind.path,
      agent,
      headers: {
        host: target.hostname,
        ...(kind.body !== undefined && {
          'content-type': 'text/plain',
          'content-length': Buffer.byteLength(kind.body),
        }),
      },
      timeout: TIMEOUT_MS,
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    outgoing.on('response', (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('end', () => resolve(kind.check(answer.statusCode ?? 0, body)));
      answer.on('aborted', () => resolve('the answer broke off'));
      answer.on('error', (error) => resolve(error.message));
    });
    outgoing.end(kind.body);
  });
}
