import type { Host, Production } from '../config/production.ts';

/**
 * The Ansible roles of a host, in the order in which they run: the user's own first ones, Fairway's `base`, Fairway's for
 * the roles of the host, the user's own last ones. `ownRoles`: those of Fairway's that there are.
 */
export function rolesOf(host: Host, production: Production, ownRoles: readonly string[]): string[] {
  const { before, after } = production.provision;
  const isWanted = (role: string) =>
    host.roles.includes(role) || !production.hosts.some((other) => other.roles.includes(role));
  const users = new Set([...before, ...after]);
  return [
    ...before.filter(isWanted),
    'base',
    ...ownRoles.filter((role) => host.roles.includes(role) && !users.has(role)),
    ...after.filter(isWanted),
  ];
}
