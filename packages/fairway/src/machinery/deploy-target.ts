import { existsSync } from 'node:fs';
import { NotProvisioned } from '../config/not-provisioned.ts';
import type { Host } from '../config/production.ts';
import { provisionPaths } from '../provision/paths.ts';
import { configuredPort } from '../ssh/configured-port.ts';
import { controlFolder } from '../ssh/control-folder.ts';
import type { SshTarget } from '../ssh/target.ts';

/** How the control server of a state directory reaches a host, as the user who deploys. */
export async function deployTarget(host: Host, stateDirectory: string): Promise<SshTarget> {
  const { name, address } = host;
  if (address === undefined) throw new NotProvisioned([name]);
  const { user, configFile, port = await configuredPort(address, configFile) } = host.ssh;
  const { deployKey, knownHosts } = provisionPaths(stateDirectory);
  const identityFile = host.ssh.identityFile ?? (existsSync(deployKey) ? deployKey : undefined);
  return {
    name,
    address,
    port,
    user,
    ...(identityFile !== undefined && { identityFile }),
    knownHostsFile: knownHosts,
    ...(configFile !== undefined && { configFile }),
    controlDirectory: controlFolder(stateDirectory),
  };
}
