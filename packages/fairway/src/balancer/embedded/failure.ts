/** Why a request got no answer from a server, in the terms that decide what happens next. */
export type Failure =
  /** No connection: nothing was sent, any request can go to another server. */
  | 'unreachable'
  /** This machine is out of sockets or files: says nothing about the server. */
  | 'exhausted'
  /** A connection kept from before was closed without a byte of answer: most likely the server just gave it up. */
  | 'stale-connection'
  /** The first byte took too long. */
  | 'late'
  | 'broken'
  /** The request itself cannot be passed on. */
  | 'malformed'
  | 'body-too-large'
  /** The visitor stopped in the middle of the body. */
  | 'body-stalled';

const EXHAUSTION = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM']);
const MALFORMED = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
]);
const CLOSED = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

export interface Attempt {
  /** Whether the request, or a part of it, was written. */
  readonly sent: boolean;
  /** Whether its connection had served another request before. */
  readonly reused: boolean;
}

export function classifyFailure(error: Error, { sent, reused }: Attempt): Failure {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (error.name === 'BodyTooLarge') return 'body-too-large';
  if (error.name === 'BodyStalled') return 'body-stalled';
  if (MALFORMED.has(code)) return 'malformed';
  if (EXHAUSTION.has(code)) return 'exhausted';
  if (!sent) return 'unreachable';
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return 'late';
  return reused && isClosing(error) ? 'stale-connection' : 'broken';
}

/** Whether the other side closed the connection. */
export function isClosing(error: Error): boolean {
  return CLOSED.has((error as NodeJS.ErrnoException).code ?? '');
}

/** The reason of a failed connection, for people. */
export function describeConnectionFailure(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return 'no connection in time';
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return 'connection closed without an answer';
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'host unreachable';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'host name not found';
  return code ?? error.message;
}
