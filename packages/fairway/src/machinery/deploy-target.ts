import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { NotProvisioned } from '../config/not-provisioned.ts';
import type { Host } from '../config/production.ts';
import { controlFolder } from '../ssh/control-folder.ts';
import type { SshTarget } from '../ssh/target.ts';

const DEFAULT_PORT = 22;

/** How the control server of a state directory reaches a host, as the user who deploys. */
export async function deployTarget(host: Host, stateDirectory: string): Promise<SshTarget> {
  const { name, address } = host;
  if (address === undefined) throw new NotProvisioned([name]);
  const { user, configFile, port = await configuredPort(address, configFile) } = host.ssh;
  const ownKey = join(stateDirectory, 'ssh', 'id_ed25519');
  const identityFile = host.ssh.identityFile ?? (existsSync(ownKey) ? ownKey : undefined);
  return {
    name,
    address,
    port,
    user,
    ...(identityFile !== undefined && { identityFile }),
    knownHostsFile: join(stateDirectory, 'ssh', 'known_hosts'),
    ...(configFile !== undefined && { configFile }),
    controlDirectory: controlFolder(stateDirectory),
  };
}

/** What the user's ssh_config says of the address. */
async function configuredPort(address: string, configFile: string | undefined): Promise<number> {
  const file = configFile === undefined ? [] : ['-F', configFile];
  const { stdout } = await execa('ssh', [...file, '-G', '--', address], { reject: false });
  return Number(/^port (\d+)$/m.exec(stdout ?? '')?.[1] ?? DEFAULT_PORT);
}
