import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ListenAddress } from '../config/production.ts';
import { writePrivately } from '../private-file.ts';

/** The API cannot listen where the configuration says. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen';
  readonly code = 'cannot-listen';
  readonly hint = 'Change control.listen in fairway.yml, or end what has the address: ss -ltnp shows it.';
  constructor({ address, port }: ListenAddress, cause: NodeJS.ErrnoException) {
    const facts: Record<string, string> = {
      EADDRINUSE: 'another program listens there',
      EADDRNOTAVAIL: 'this machine does not have that address',
      EACCES: 'this user may not use that port',
    };
    const fact = facts[cause.code ?? ''] ?? cause.message;
    super(`The control server cannot listen on ${address} port ${port}: ${fact}`, { cause });
  }
}

/**
 * Listens, and answers with the port. Port 0 means any free one, chosen once: it is kept in the state directory and
 * taken again next time, so that bookmarks and remotes stay right. Throws {@link CannotListen}.
 */
export async function listen(server: Server, wanted: ListenAddress, stateDirectory: string): Promise<number> {
  if (wanted.port !== 0) return attempt(server, wanted);
  const file = join(stateDirectory, 'server.port');
  const last = keptPort(file);
  if (last !== undefined) {
    try {
      return await attempt(server, { ...wanted, port: last });
    } catch (error) {
      if (!(error instanceof CannotListen)) throw error;
    }
  }
  const port = await attempt(server, wanted);
  writePrivately(file, `${port}\n`);
  return port;
}

function attempt(server: Server, { address, port }: ListenAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => reject(new CannotListen({ address, port }, error));
    server.once('error', refuse);
    server.listen(port, address, () => {
      server.off('error', refuse);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function keptPort(file: string): number | undefined {
  try {
    const port = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  } catch {
    return undefined;
  }
}
