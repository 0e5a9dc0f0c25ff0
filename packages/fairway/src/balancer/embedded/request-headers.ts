import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Headers that concern one connection only (RFC 9110, 7.6.1), those that we answer ourselves, and those that tell an
 * instance about the visitor: we write these anew, for a visitor could claim anything.
 */
const DROPPED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
]);
const droppedLengths = new Set([...DROPPED].map((name) => name.length));
/** What a `Connection` header may not take away from the message. */
const ESSENTIAL = new Set(['host', 'content-length', 'content-type', 'cookie', 'authorization']);

export interface Visitor {
  readonly address: string;
  readonly port: string;
}

const visitorOf = Symbol('visitor');

/** Who is at the other end, and which of our ports they came to; looked up once per connection. */
export function visitor(socket: Socket & { [visitorOf]?: Visitor }): Visitor {
  let known = socket[visitorOf];
  if (known === undefined) {
    const address = socket.remoteAddress ?? '';
    known = {
      address: address.startsWith('::ffff:') ? address.slice(7) : address,
      port: String(socket.localPort ?? ''),
    };
    socket[visitorOf] = known;
  }
  return known;
}

/** The headers that an instance gets, flat: name, value, name, value. */
export function instanceHeaders(request: IncomingMessage, host: string): string[] {
  const { rawHeaders } = request;
  const nominated = nominatedByConnection(request.headers.connection);
  const headers: string[] = ['host', host];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === 4 && name.toLowerCase() === 'host') continue;
    if (droppedLengths.has(name.length) && DROPPED.has(name.toLowerCase())) continue;
    if (nominated?.has(name.toLowerCase())) continue;
    headers.push(name, rawHeaders[index + 1]!);
  }
  const { address, port } = visitor(request.socket);
  headers.push('x-forwarded-for', address, 'x-forwarded-proto', 'http');
  headers.push('x-forwarded-host', host, 'x-forwarded-port', port);
  if (/\btrailers\b/i.test(String(request.headers.te))) headers.push('te', 'trailers');
  return headers;
}

/** The header names that a `Connection` header names; undefined in the common cases. */
export function nominatedByConnection(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  const names = connection.toLowerCase().split(',');
  const nominated = new Set(names.map((name) => name.trim()).filter((name) => !ESSENTIAL.has(name)));
  return nominated;
}
