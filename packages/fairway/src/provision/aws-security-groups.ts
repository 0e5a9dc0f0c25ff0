import type { Host, Production } from '../config/production.ts';
import { CONTROL_TLS_PORT, DATA_PORTS, isLoopback } from './firewall.ts';

/** A security group as amazon.aws.ec2_security_group takes it. */
export interface AwsSecurityGroup {
  readonly name: string;
  readonly description: string;
  readonly rules: readonly AwsRule[];
}

type AwsRule = { readonly proto: 'tcp'; readonly ports: readonly (number | string)[] } & (
  | { readonly cidr_ip: readonly string[] }
  | { readonly group_name: readonly string[] }
);

/** Those that others let in come first, as they have to exist by then. */
const ORDER = ['balancer', 'control', 'app', ...Object.keys(DATA_PORTS)];
const ANYBODY = ['0.0.0.0/0'];

/** One group for every machine, which lets SSH in, and one for each role: each role's ports from those who need them. */
export function awsSecurityGroups(production: Production, prefix: string): AwsSecurityGroup[] {
  const present = ORDER.filter((role) => created(production).some((host) => host.roles.includes(role)));
  const names = (...roles: string[]) => roles.filter((role) => present.includes(role)).map(nameOf(prefix));
  const roleGroups = present.map((role) => ({
    name: nameOf(prefix)(role),
    description: `Fairway: ${role} of ${production.name}`,
    rules: rulesOf(role, production, names),
  }));
  const all = { proto: 'tcp', ports: [22], cidr_ip: ANYBODY } as const;
  return [
    { name: `${prefix}-all`, description: `Fairway: machines of ${production.name}`, rules: [all] },
    ...roleGroups,
  ];
}

/** The groups of a machine. */
export function awsGroupsOf(host: Host, prefix: string): string[] {
  return [`${prefix}-all`, ...ORDER.filter((role) => host.roles.includes(role)).map(nameOf(prefix))];
}

function nameOf(prefix: string): (role: string) => string {
  return (role) => `${prefix}-${role}`;
}

export function created({ hosts }: Production): readonly Host[] {
  return hosts.filter(({ isCreated }) => isCreated);
}

function rulesOf(
  role: string,
  { balancer, control, ports }: Production,
  names: (...roles: string[]) => string[],
): AwsRule[] {
  const from = (port: number | string, groups: readonly string[]): AwsRule[] =>
    groups.length > 0 ? [{ proto: 'tcp', ports: [port], group_name: groups }] : [];
  switch (role) {
    case 'balancer': {
      const open = [balancer.listen.port, ...(balancer.tls ? [balancer.tls.listen.port] : [])];
      return [{ proto: 'tcp', ports: open, cidr_ip: ANYBODY }];
    }
    case 'control': {
      const { address, port } = control.listen;
      const open = [CONTROL_TLS_PORT, ...(isLoopback(address) ? [] : [port])];
      return [{ proto: 'tcp', ports: open, cidr_ip: ANYBODY }];
    }
    case 'app':
      return from(`${ports.from}-${ports.to}`, names('balancer'));
    default:
      return from(DATA_PORTS[role]!, names('app', 'control'));
  }
}
