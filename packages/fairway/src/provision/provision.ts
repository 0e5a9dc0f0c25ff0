import { readMachines } from '../config/machines.ts';
import type { Host } from '../config/production.ts';
import { readProduction } from '../config/read.ts';
import { controlFolder } from '../ssh/control-folder.ts';
import type { SshTarget } from '../ssh/target.ts';
import { resolveAddresses } from './addresses.ts';
import { controlVariables } from './control-variables.ts';
import { authorizedKeys, ensureDeployKey } from './deploy-key.ts';
import type { PlaybookEvent } from './events.ts';
import { HostKeysNotAccepted, type UnknownHost } from './host-keys-not-accepted.ts';
import { inventoryOf } from './inventory.ts';
import { rememberHostKeys, surveyHostKeys } from './learn-host-keys.ts';
import { ownRoles } from './own-roles.ts';
import type { ProvisionPlace } from './place.ts';
import { type PlaybookEnd, runPlaybook } from './run-playbook.ts';
import { ensureSecrets } from './secrets.ts';
import { provisionTargets } from './targets.ts';
import { roleVariables } from './variables.ts';

export interface ConfigureRequest {
  /** Names of hosts; undefined: all. */
  readonly limit?: readonly string[];
  /** Only look what would change. */
  readonly isCheck: boolean;
  /** Files of known hosts to believe. */
  readonly trusted: readonly string[];
  /** Whether keys that nobody knows are those of the hosts. */
  accept(hosts: readonly UnknownHost[]): Promise<boolean>;
  onEvent(event: PlaybookEvent): void;
}

/** Sets the machines up, or looks what that would change. Throws when it cannot begin with any of them. */
export async function configureMachines(
  place: ProvisionPlace,
  request: ConfigureRequest,
): Promise<PlaybookEnd> {
  const { stateDirectory } = place;
  const production = await readProduction(place.configFile, stateDirectory);
  const machines = await readMachines(stateDirectory);
  const controlDirectory = controlFolder(stateDirectory);
  const targets = await provisionTargets({ production, stateDirectory, controlDirectory, machines });
  const limited = limitedTo(production.hosts, request.limit);
  await learnHostKeys(
    limited.map(({ name }) => targets.get(name)!),
    request,
  );
  const control = await controlVariables(production, place);
  const key = await ensureDeployKey(stateDirectory, `fairway ${production.name}`);
  return runPlaybook({
    playbook: 'site.yml',
    inventory: inventoryOf({
      production,
      targets,
      addressesOf: await resolveAddresses(production.hosts, machines),
      authorizedKeys: await authorizedKeys(production.hosts, key),
      ownRoles: await ownRoles(),
      roleVariables: (host) => ({ ...roleVariables(host, production), ...control(host) }),
    }),
    secrets: await ensureSecrets(production, stateDirectory),
    limit: limited.map(({ name }) => name),
    isCheck: request.isCheck,
    rolesPath: production.provision.rolesPath,
    stateDirectory,
    env: place.env,
    signal: place.signal,
    onEvent: request.onEvent,
  });
}

function limitedTo(hosts: readonly Host[], limit: readonly string[] | undefined): readonly Host[] {
  return hosts.filter((host) => host.address !== undefined && (limit?.includes(host.name) ?? true));
}

async function learnHostKeys(targets: readonly SshTarget[], request: ConfigureRequest): Promise<void> {
  const { unknown, failures } = await surveyHostKeys(targets, request.trusted);
  if (unknown.length > 0) {
    if (!(await request.accept(unknown))) throw new HostKeysNotAccepted(unknown);
    const keys = unknown.flatMap((one) => one.keys);
    await rememberHostKeys(targets[0]!.knownHostsFile, keys);
  }
  if (failures[0] && failures.length === targets.length) throw failures[0];
}
