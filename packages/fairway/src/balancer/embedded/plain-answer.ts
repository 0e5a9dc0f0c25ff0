import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Rejection } from './admission.ts';

/** How long the rest of an unwanted body is read, so that the visitor gets to see the answer and not a reset. */
const LINGER_MS = 2000;
const RETRY_AFTER_S = '1';

/** Answers a request ourselves, in a few plain words that tell nothing about what stands behind us. */
export function answerPlainly(
  request: IncomingMessage,
  response: ServerResponse,
  { status, text }: Rejection,
): void {
  if (response.headersSent || response.destroyed) return;
  const body = `${text}\n`;
  const headers = ['content-type', 'text/plain; charset=utf-8', 'content-length', String(body.length)];
  headers.push('cache-control', 'no-store');
  if (status === 503) headers.push('retry-after', RETRY_AFTER_S);
  const bodyHeldBack = request.headers.expect !== undefined && !request.complete;
  if (status === 400 || status === 408 || bodyHeldBack) headers.push('connection', 'close');
  // An instance's own words that node refused to send would still be there, and be refused again.
  response.statusMessage = '';
  response.writeHead(status, headers);
  response.end(body);
  if (!request.complete) linger(request);
}

function linger(request: IncomingMessage): void {
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS).unref();
  request.once('close', () => clearTimeout(timer));
}
