import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * What is HTTP itself. Over a tunnel a visitor could send whatever follows past routes and limits, so these wishes are
 * ignored, as RFC 9110, 7.8 allows: Java's client, which asks for h2c with its first request, then goes on in HTTP/1.1.
 */
const HTTP_ITSELF = /^(h2c?|h3|https?|tls)($|[/-])/i;
const NAMES_OF_A_WISH = /^(upgrade|http2-settings)$/i;

/** The protocols that a request may be changed to, as its `Upgrade` header names them; undefined when there is none. */
export function wantedProtocols({ headers, httpVersionMinor }: IncomingMessage): string | undefined {
  if (headers.upgrade === undefined || httpVersionMinor === 0) return undefined;
  // What would follow a body is anybody's guess, and a WebSocket begins without one.
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0')
    return undefined;
  const names = headers.upgrade.split(',').map((name) => name.trim());
  const wanted = names.filter((name) => name !== '' && !HTTP_ITSELF.test(name));
  return wanted.length > 0 ? wanted.join(', ') : undefined;
}

/**
 * Lets a server read a request once more, without its wish to change the protocol. Node's parser stops at any such
 * request, and what came behind it (`rest`: its body, the next request) would be lost if it were just answered.
 */
export function readWithoutWish(
  server: Server,
  request: IncomingMessage,
  socket: Socket,
  rest: Buffer,
): void {
  const { _httpMessage: unfinished } = socket as Socket & { _httpMessage?: ServerResponse | null };
  if (unfinished) {
    // An answer to an earlier request on this connection comes first. Nobody else listens meanwhile.
    socket.once('error', () => socket.destroy());
    unfinished.once('finish', () => readWithoutWish(server, request, socket, rest));
    return;
  }
  socket.unshift(Buffer.concat([Buffer.from(headWithoutWish(request), 'latin1'), rest]));
  server.emit('connection', socket);
}

function headWithoutWish({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    const value = rawHeaders[index + 1]!;
    if (NAMES_OF_A_WISH.test(name)) continue;
    head += `${name}: ${name.toLowerCase() === 'connection' ? withoutWish(value) : value}\r\n`;
  }
  return `${head}\r\n`;
}

function withoutWish(connection: string): string {
  const names = connection.split(',').map((name) => name.trim());
  return names.filter((name) => !NAMES_OF_A_WISH.test(name)).join(', ');
}
