// A small app with what rolling updates meet in real life: pages, posts, slow answers, streams and WebSockets.
const { createHash } = require('node:crypto');
const { createServer } = require('node:http');
const { greeting } = require('./greeting.js');

const version = process.env.FAIRWAY_RELEASE ?? 'a working copy';
const instance = process.env.FAIRWAY_INSTANCE ?? '1';

const routes = {
  'GET /': (_request, response) => response.end(`${greeting} from ${version} on instance ${instance}\n`),
  'GET /health': (_request, response) => response.end('ok\n'),
  'POST /echo': (request, response) => request.pipe(response),
  'GET /slow': (_request, response, query) =>
    setTimeout(() => response.end('slow, but here\n'), Number(query.get('ms') ?? 2000)),
  'GET /stream': (_request, response, query) => stream(response, Number(query.get('ms') ?? 1000)),
};

function stream(response, durationMs) {
  let parts = 0;
  const timer = setInterval(() => {
    parts += 1;
    response.write(`part ${parts}\n`);
    if (parts < 10) return;
    clearInterval(timer);
    response.end('end of stream\n');
  }, durationMs / 10);
  response.on('close', () => clearInterval(timer));
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const route = routes[`${request.method} ${url.pathname}`];
  if (route) return route(request, response, url.searchParams);
  response.statusCode = 404;
  response.end('no such page\n');
});

// WebSockets (RFC 6455), as far as this app needs them: what comes in goes out again, byte for byte.
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on('data', (frame) => socket.write(unmasked(frame)));
  socket.on('error', () => socket.destroy());
});

function unmasked(frame) {
  const length = frame[1] & 0x7f;
  if (length > 125) return Buffer.from([0x88, 0]);
  const mask = frame.subarray(2, 6);
  const payload = frame.subarray(6, 6 + length).map((byte, index) => byte ^ mask[index % 4]);
  return Buffer.concat([Buffer.from([frame[0], length]), payload]);
}

server.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? '127.0.0.1');
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
