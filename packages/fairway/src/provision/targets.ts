import type { Machines } from '../config/machines.ts';
import { pendingAddress } from '../config/not-provisioned.ts';
import type { Host, Production } from '../config/production.ts';
import { configuredPort } from '../ssh/configured-port.ts';
import type { SshTarget } from '../ssh/target.ts';
import { provisionPaths } from './paths.ts';

export interface TargetFacts {
  readonly production: Production;
  readonly stateDirectory: string;
  readonly controlDirectory: string;
  readonly machines: Machines;
}

/** How the user who sets machines up reaches each of them. */
export async function provisionTargets(facts: TargetFacts): Promise<Map<string, SshTarget>> {
  const targets = await Promise.all(facts.production.hosts.map((host) => targetOf(host, facts)));
  return new Map(targets.map((target) => [target.name, target]));
}

async function targetOf(host: Host, facts: TargetFacts): Promise<SshTarget> {
  const { production, stateDirectory, controlDirectory } = facts;
  const address = host.address ?? pendingAddress(host.name);
  const { configFile } = host.ssh;
  const created = host.isCreated ? facts.machines[host.name]?.identityFile : undefined;
  const identityFile = typeof created === 'string' ? created : host.ssh.identityFile;
  return {
    name: host.name,
    address,
    port: host.ssh.port ?? (await configuredPort(address, configFile)),
    user: production.provision.user,
    ...(identityFile !== undefined && { identityFile }),
    knownHostsFile: provisionPaths(stateDirectory).knownHosts,
    ...(configFile !== undefined && { configFile }),
    controlDirectory,
  };
}
