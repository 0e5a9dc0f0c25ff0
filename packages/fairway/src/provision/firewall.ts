import type { Host, Production } from '../config/production.ts';

/** A port that the firewall of a host opens. */
export interface FirewallRule {
  /** `80`, or `20000-29999`. */
  readonly port: number | string;
  /** IP addresses; undefined: anybody. */
  readonly from?: readonly string[];
  /** Said beside the rule, for whoever reads the firewall. */
  readonly for: string;
}

/** IP addresses of a host, as others of the production see them. */
export type AddressesOf = (host: Host) => readonly string[];

/** Where people and hooks reach a control server on a machine of its own, through TLS. */
export const CONTROL_TLS_PORT = 7443;

/** Where well-known servers listen that only the apps speak to. */
export const DATA_PORTS: Readonly<Record<string, number>> = {
  flags: 6379,
  mongodb: 27_017,
  mariadb: 3306,
  postgresql: 5432,
  redis: 6379,
};

/** What is let in to a host besides SSH: each role's ports, from those who need them and nobody else. */
export function firewallRules(host: Host, production: Production, addressesOf: AddressesOf): FirewallRule[] {
  const withRole = (...roles: string[]) =>
    production.hosts
      .filter((one) => one.name !== host.name && one.roles.some((role) => roles.includes(role)))
      .flatMap(addressesOf);
  return host.roles
    .flatMap((role) => rulesOfRole(role, production, withRole))
    .filter(({ from }) => from === undefined || from.length > 0);
}

function rulesOfRole(
  role: string,
  production: Production,
  withRole: (...roles: string[]) => readonly string[],
): FirewallRule[] {
  const { balancer, control, ports } = production;
  switch (role) {
    case 'app':
      return [
        { port: `${ports.from}-${ports.to}`, from: withRole('balancer'), for: 'balancers, to the apps' },
      ];
    case 'balancer':
      return [
        { port: balancer.listen.port, for: 'visitors' },
        ...(balancer.tls ? [{ port: balancer.tls.listen.port, for: 'visitors, HTTPS' }] : []),
      ];
    case 'control': {
      const { address, port } = control.listen;
      return [
        { port: CONTROL_TLS_PORT, for: 'people and hooks' },
        ...(isLoopback(address) ? [] : [{ port, for: 'people and hooks, without TLS' }]),
      ];
    }
    default: {
      const port = DATA_PORTS[role];
      return port === undefined
        ? []
        : [{ port, from: withRole('app', 'control'), for: `the apps, to ${role}` }];
    }
  }
}

export function isLoopback(address: string): boolean {
  return /^127\./.test(address) || address === '::1' || address === 'localhost';
}
