import { once } from 'node:events';
import { connect } from 'node:net';
import { type Check, withRole } from '../check.ts';
import { failure, type Observation, ok } from '../finding.ts';

const TIMEOUT_MS = 3_000;

/** The balancer answers where visitors connect, as seen from the control machine. */
export const visitors: Check = {
  name: 'visitors',
  concerns: withRole('balancer'),
  async examine(machine, { production }) {
    const { listen, tls } = production.balancer;
    const ports = [listen.port, ...(tls ? [tls.listen.port] : [])];
    return Promise.all(ports.map((port) => tryPort(machine.address, port)));
  },
};

async function tryPort(address: string, port: number): Promise<Observation> {
  const socket = connect({ host: address, port, signal: AbortSignal.timeout(TIMEOUT_MS) });
  try {
    await once(socket, 'connect');
    return ok(`answers on port ${port}`);
  } catch (error) {
    const { code, name, message } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED')
      return failure(
        `nothing answers on port ${port}`,
        'See why HAProxy does not run there: systemctl status haproxy; "fairway provision" sets it up',
      );
    const reason = name === 'AbortError' ? `no answer in ${TIMEOUT_MS / 1000} s` : message;
    return failure(
      `port ${port} cannot be reached from here: ${reason}`,
      `Open port ${port} in the firewalls on the way, those of the provider of the machine too`,
    );
  } finally {
    socket.destroy();
  }
}
