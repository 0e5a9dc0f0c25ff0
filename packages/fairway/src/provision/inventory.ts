import type { Host, Production } from '../config/production.ts';
import { shellWords } from '../ssh/shell-words.ts';
import { type SshTarget, sshArguments } from '../ssh/target.ts';
import { type AddressesOf, firewallRules } from './firewall.ts';
import { rolesOf } from './roles.ts';
import type { RoleVariables } from './variables.ts';

/** Ansible's inventory, as its JSON and YAML are written. */
export interface Inventory {
  readonly all: {
    readonly vars: Readonly<Record<string, unknown>>;
    readonly hosts: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly children: Readonly<Record<string, { readonly hosts: Readonly<Record<string, null>> }>>;
  };
}

export interface InventoryFacts {
  readonly production: Production;
  /** How each host is reached by the user who sets it up. */
  readonly targets: ReadonlyMap<string, SshTarget>;
  readonly addressesOf: AddressesOf;
  /** Public keys that are let in as the user who deploys. */
  readonly authorizedKeys: readonly string[];
  /** Fairway's own roles that there are. */
  readonly ownRoles: readonly string[];
  readonly roleVariables: RoleVariables;
}

/** The production as Ansible sees it: hosts with how to reach them, their roles, and a group `role_NAME` for each role. */
export function inventoryOf(facts: InventoryFacts): Inventory {
  const { production } = facts;
  const roles = [...new Set(production.hosts.flatMap((host) => host.roles))].sort();
  return {
    all: {
      vars: {
        fairway_production: production.name,
        // For the user's own roles.
        fairway_hosts: Object.fromEntries(
          production.hosts.map(({ name, address, roles }) => [name, { address, roles }]),
        ),
      },
      hosts: Object.fromEntries(production.hosts.map((host) => [host.name, hostVariables(host, facts)])),
      // Not by the role's name alone: a host may be called flags, and Ansible would mix them up.
      children: Object.fromEntries(
        roles.map((role) => [
          `role_${role.replaceAll('-', '_')}`,
          { hosts: Object.fromEntries(production.hosts.filter(has(role)).map(({ name }) => [name, null])) },
        ]),
      ),
    },
  };
}

function has(role: string): (host: Host) => boolean {
  return (host) => host.roles.includes(role);
}

function hostVariables(host: Host, facts: InventoryFacts): Record<string, unknown> {
  const { production, addressesOf, ownRoles, authorizedKeys } = facts;
  const target = facts.targets.get(host.name);
  if (target === undefined) throw new Error(`there is no way to reach ${host.name}`);
  return {
    ansible_host: target.address,
    ansible_port: target.port,
    ansible_user: target.user,
    ansible_become: production.provision.become,
    ansible_ssh_common_args: shellWords(sshArguments(target)),
    fairway_roles: rolesOf(host, production, ownRoles),
    base_user: host.ssh.user,
    base_authorized_keys: authorizedKeys.map((key) => `${key}\n`).join(''),
    base_firewall_allow: firewallRules(host, production, addressesOf),
    base_probe: probe(target),
    ...facts.roleVariables(host, production),
  };
}

/** A new connection, whatever is open already. Of an option that is given twice ssh takes the first. */
function probe(target: SshTarget): string[] {
  const fresh = ['-o', 'ControlMaster=no', '-o', 'ControlPath=none'];
  return ['ssh', ...fresh, ...sshArguments(target), '-n', '--', target.address, 'true'];
}
