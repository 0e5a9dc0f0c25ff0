import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { LineSession } from './node.ts';

/** Lines over a connection, as over a program's input and output. */
export function socketSession(socket: Socket): LineSession {
  const ended = new Promise<Error | undefined>((resolve) => {
    socket.once('error', resolve);
    socket.once('close', () => resolve(undefined));
  });
  const lines = createInterface({ input: socket });
  lines.on('error', () => {});
  return {
    lines,
    send: (line) => socket.write(`${line}\n`),
    kill: () => socket.destroy(),
    ended,
  };
}
