import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Location } from './location.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Until the answer's head; undefined for no limit. A stream's own end has none. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** No answer came: the connection failed, broke, or the time ran out. Nothing is known of whether the request was met. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly code: string | undefined;
  constructor(cause: NodeJS.ErrnoException) {
    super(cause.message, { cause });
    this.code = cause.code;
  }
}

/**
 * One HTTP exchange, resolved at the answer's head. `node:http` and not fetch: it loads ten times faster, which every
 * command pays for, and has no limit of its own on how long a log stream may be silent.
 */
export async function exchange({ url, token }: Location, call: Call): Promise<IncomingMessage> {
  const target = new URL(call.path, url);
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const request = (target.protocol === 'https:' ? requestHttps : requestHttp)(target, {
    method: call.method,
    agent: false,
    headers: {
      ...call.headers,
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    },
    ...(call.signal ? { signal: call.signal } : {}),
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      request.destroy(new Error(`no answer within ${call.timeoutMs / 1000} s`));
    }, call.timeoutMs);
    request.once('response', (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    request.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(call.signal?.aborted ? (call.signal.reason as Error) : new NoAnswer(error));
    });
    request.end(body);
  });
}

/** The whole body, at most `maxBytes` of it. */
export async function readBody(response: IncomingMessage, maxBytes = 64_000_000): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw new NoAnswer(error as NodeJS.ErrnoException);
  }
  return Buffer.concat(chunks).toString('utf8');
}
