// The least that the supervisor expects of a balancer: listen on the inherited socket, tell when ready, drain on SIGTERM.
import { existsSync, renameSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { state: { type: 'string' }, socket: { type: 'string' }, 'listen-fd': { type: 'string' } },
});
if (existsSync(join(values.state, 'broken'))) process.exit(9);

const visitors = createServer((request, answer) => {
  if (request.url === '/crash') process.exit(7);
  setTimeout(() => answer.end(String(process.pid)), request.url === '/slow' ? 500 : 0);
});
visitors.listen({ fd: Number(values['listen-fd']) }, () => {
  const control = createServer((_request, answer) => answer.end(JSON.stringify({ pid: process.pid })));
  // Bound under another name: closing removes the name that was bound, which must not be a successor's.
  const name = `${values.socket}.${process.pid}`;
  control.listen(name, () => renameSync(name, values.socket));
});

process.on('SIGTERM', () => visitors.close(() => process.exit(0)));
