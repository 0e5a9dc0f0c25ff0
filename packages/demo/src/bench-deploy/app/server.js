// What every contender deploys: boots as long as it is told to, answers pages and posts, ends gracefully.
const { createServer } = require('node:http');
const { release } = require('./release.json');

const bootMs = Number(process.env.BOOT_MS ?? 0);

const server = createServer((request, response) => {
  if (request.method === 'POST') return request.pipe(response);
  response.end(request.url === '/health' ? `ok ${release}\n` : `hello from ${release}\n`);
});

setTimeout(() => server.listen(Number(process.env.PORT), process.env.HOST ?? '0.0.0.0'), bootMs);
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
