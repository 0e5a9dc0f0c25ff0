// What the contract of hosts is tried with: tells about itself, and fails on demand.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

const held = [];

const actions = {
  '/': (_query, answer) =>
    answer.end(
      JSON.stringify({ pid: process.pid, cwd: process.cwd(), env: process.env, argv: process.argv.slice(2) }),
    ),
  '/exit': (query) => process.exit(Number(query.get('code'))),
  '/allocate': (query, answer) => {
    held.push(Buffer.alloc(Number(query.get('bytes')), 1));
    answer.end();
  },
  '/slow': (query, answer) => setTimeout(() => answer.end('finished'), Number(query.get('ms'))),
  '/say': (query, answer) => process.stdout.write(`${query.get('line')}\n`, () => answer.end()),
};

const server = createServer((request, answer) => {
  const { pathname, searchParams } = new URL(request.url, 'http://app');
  (actions[pathname] ?? actions['/'])(searchParams, answer);
});

process.on('SIGTERM', () => {
  if (process.env.IGNORE_SIGTERM) return;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});

if (process.env.CHILD_PORT) {
  const env = { ...process.env, PORT: process.env.CHILD_PORT, CHILD_PORT: '', IGNORE_SIGTERM: '1' };
  spawn(process.execPath, [process.argv[1]], { env, stdio: 'inherit' });
}

server.listen(Number(process.env.PORT), process.env.LISTEN ?? '127.0.0.1', () => console.log('listening'));
