import { join } from 'node:path';
import { embeddedBalancer } from '../balancer/embedded/client.ts';
import { LOCAL_HOST } from '../config/expand-hosts.ts';
import type { Production } from '../config/production.ts';
import { ensureSupervisor, isSupervised } from '../hosts/local/ensure-supervisor.ts';
import { isPortFree } from '../hosts/local/is-port-free.ts';
import { LocalHosts } from '../hosts/local/local-hosts.ts';
import { socketPath } from '../hosts/local/socket-path.ts';
import { type Machinery, urlOf } from './machinery.ts';

/** Everything on this machine: the supervisor with instances and balancer. Starts what does not run yet. */
export async function localMachinery(production: Production, stateDirectory: string): Promise<Machinery> {
  const wasSupervised = await isSupervised(stateDirectory);
  const supervisor = await ensureSupervisor({ stateDirectory });
  const abandon = async (): Promise<void> => {
    // Instances that came back with it, as after a reboot, serve visitors whatever becomes of the control server.
    if (wasSupervised || (await supervisor.status()).instances > 0) await supervisor.close();
    else await supervisor.shutdown({ stopInstances: true });
  };
  const balancerSocket = socketPath(stateDirectory, 'balancer/balancer.sock');
  try {
    await supervisor.ensureBalancer({
      listen: production.balancer.listen,
      stateDirectory: join(stateDirectory, 'balancer'),
      socketPath: balancerSocket,
    });
  } catch (error) {
    await abandon();
    throw error;
  }
  return {
    hosts: new LocalHosts({ stateDirectory }),
    balancer: embeddedBalancer({ socketPath: balancerSocket }),
    addressOf: () => LOCAL_HOST.address,
    isPortFree: (_host, port) => isPortFree(port),
    appHosts: () => [LOCAL_HOST.name],
    balancerUrl: async () => {
      const { address, port } = await supervisor.balancer();
      return urlOf('http', address, port);
    },
    restartBalancer: async () => {
      await supervisor.restartBalancer();
    },
    follow: async () => undefined,
    close: () => supervisor.close(),
    abandon,
  };
}
