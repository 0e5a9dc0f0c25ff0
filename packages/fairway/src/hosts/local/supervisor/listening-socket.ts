import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { findListener } from './port-owner.ts';

/** A bound TCP socket that we hold for ever and only our children listen and accept on. */
export interface ListeningSocket {
  readonly fd: number;
  readonly address: string;
  readonly port: number;
  close(): void;
}

/**
 * What `net` uses itself to bind before it listens, and cluster to share a socket; there is no public way to bind
 * without accepting. A negative number is the system's error.
 */
interface NetInternals {
  _createServerHandle(address: string, port: number, family: 4 | 6, fd: -1, flags: 0): BoundHandle | number;
}

interface BoundHandle {
  readonly fd: number;
  getsockname(out: { port?: number }): number;
  close(): void;
}

/**
 * Binds an address, port 0 meaning any free one. While this process or a child holds the socket and a child has listened
 * on it once, connections are taken into its backlog, also when no child runs. Throws {@link PortUnavailable}.
 */
export async function bindSocket(address: string, port: number): Promise<ListeningSocket> {
  await probe(address, port);
  const family = net.isIPv6(address) ? 6 : 4;
  const handle = (net as unknown as NetInternals)._createServerHandle(address, port, family, -1, 0);
  if (typeof handle === 'number') throw new PortUnavailable(address, port, getSystemErrorName(handle));
  const name: { port?: number } = {};
  const failure = handle.getsockname(name);
  if (failure !== 0) {
    handle.close();
    throw new PortUnavailable(address, port, getSystemErrorName(failure));
  }
  return { fd: handle.fd, address, port: name.port!, close: () => handle.close() };
}

/** Binding alone succeeds on ports that others have bound too; only listening tells, so it is tried and undone. */
function probe(address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new PortUnavailable(address, port, error.code ?? error.message));
    });
    server.listen(port, address, () => server.close(() => resolve()));
  });
}

/** The address that visitors shall connect to cannot be listened on. */
export class PortUnavailable extends Error {
  override readonly name = 'PortUnavailable';
  readonly code: string;
  constructor(address: string, port: number, code: string) {
    super(`the balancer cannot listen on ${address}:${port} (${code}): ${explain(port, code)}`);
    this.code = code;
  }
}

function explain(port: number, code: string): string {
  if (code === 'EADDRINUSE') {
    const owner = findListener(port);
    const who = owner ? `process ${owner.pid} (${owner.name})` : 'another program';
    return `${who} listens there; end it, or set balancer.listen to another port`;
  }
  if (code === 'EACCES') {
    return 'ports below 1024 need root or CAP_NET_BIND_SERVICE; set balancer.listen to a higher port';
  }
  if (code === 'EADDRNOTAVAIL')
    return 'this machine has no such address; set balancer.listen to one of its own';
  return 'set balancer.listen to another address or port';
}
