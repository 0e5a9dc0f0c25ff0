import { describe, expect, test } from 'vitest';
import { parseProduction } from '../config/parse.ts';
import { firewallRules } from './firewall.ts';
import { inventoryOf } from './inventory.ts';

const TEXT = `name: shop
provider: ssh
hosts:
  lb: { address: 10.0.0.10, roles: [balancer, monitoring] }
  flags: { address: 10.0.0.11, roles: [flags] }
  data1: { address: 10.0.0.12, roles: [mariadb] }
  box[1-2]: { address: "10.0.0.[21-22]" }
provision: { user: admin, before: [monitoring], after: [audit] }
balancer: { tls: { self_signed: true } }
apps:
  web: { runtime: node, instances: "box[1-2]", route: { hosts: [shop.example.org] } }
`;

const production = parseProduction(TEXT, '/srv/shop/fairway.yml');

function inventory() {
  const targets = production.hosts.map(({ name, address }) => ({
    name,
    address: address!,
    port: 2222,
    user: production.provision.user,
    knownHostsFile: '/srv/shop dir/known_hosts',
    controlDirectory: '/run/ssh',
  }));
  return inventoryOf({
    production,
    targets: new Map(targets.map((target) => [target.name, target])),
    addressesOf: ({ address }) => [address!],
    authorizedKeys: ['ssh-ed25519 AAAA one', 'ssh-ed25519 BBBB two'],
    ownRoles: ['app', 'balancer', 'flags'],
    roleVariables: () => ({ extra: 1 }),
  }).all;
}

const firewallOf = (host: string) => inventory().hosts[host]!.base_firewall_allow;

describe('the inventory', () => {
  test('has a group for each role, by a name that no host can have', () => {
    expect(
      Object.fromEntries(
        Object.entries(inventory().children).map(([name, { hosts }]) => [name, Object.keys(hosts)]),
      ),
    ).toEqual({
      role_app: ['box1', 'box2'],
      role_balancer: ['lb'],
      role_flags: ['flags'],
      role_mariadb: ['data1'],
      role_monitoring: ['lb'],
    });
  });

  test("runs the user's roles around Fairway's: on the hosts that name them, or on all", () => {
    const roles = Object.entries(inventory().hosts).map(([name, { fairway_roles }]) => [name, fairway_roles]);
    expect(Object.fromEntries(roles)).toEqual({
      lb: ['monitoring', 'base', 'balancer', 'audit'],
      flags: ['base', 'flags', 'audit'],
      data1: ['base', 'audit'],
      box1: ['base', 'app', 'audit'],
      box2: ['base', 'app', 'audit'],
    });
  });

  test('reaches hosts as Fairway itself does, by strict host keys and a shared connection', () => {
    const { ansible_ssh_common_args: args, ...rest } = inventory().hosts.box1!;
    expect(args).toContain('StrictHostKeyChecking=yes');
    expect(args).toContain('ControlMaster=auto');
    // Ansible splits it as a shell does.
    expect(args).toContain(`'UserKnownHostsFile="/srv/shop dir/known_hosts"'`);
    expect(rest).toMatchObject({
      ansible_host: '10.0.0.21',
      ansible_port: 2222,
      ansible_user: 'admin',
      ansible_become: true,
      base_user: 'fairway',
      base_authorized_keys: 'ssh-ed25519 AAAA one\nssh-ed25519 BBBB two\n',
      extra: 1,
    });
  });

  test('proves by a connection of its own that a machine still lets us in', () => {
    const words = inventory().hosts.box1!.base_probe as string[];
    // ssh takes the first of an option that is given twice.
    expect(words.indexOf('ControlPath=none')).toBeGreaterThan(0);
    expect(words.indexOf('ControlPath=none')).toBeLessThan(words.indexOf('ControlMaster=auto'));
  });
});

describe('the firewall', () => {
  test('opens the control server through TLS, and as it is only where it does not listen to itself alone', () => {
    const rules = (listen: string) => {
      const text = `control: { listen: "${listen}" }\n${TEXT.replace('[flags]', '[control]')}`;
      const other = parseProduction(text, '/srv/shop/fairway.yml');
      return firewallRules(other.hosts[1]!, other, () => []).map(({ port }) => port);
    };
    expect(rules('127.0.0.1:7480')).toEqual([7443]);
    expect(rules('0.0.0.0:7480')).toEqual([7443, 7480]);
  });

  test("opens an app host's ports to balancers only", () => {
    expect(firewallOf('box1')).toEqual([
      { port: '20000-29999', from: ['10.0.0.10'], for: 'balancers, to the apps' },
    ]);
  });

  test('opens the balancer to everybody, where visitors connect', () => {
    expect(firewallOf('lb')).toEqual([
      { port: 80, for: 'visitors' },
      { port: 443, for: 'visitors, HTTPS' },
    ]);
  });

  test('opens data to the hosts of apps only', () => {
    const from = ['10.0.0.21', '10.0.0.22'];
    expect(firewallOf('flags')).toEqual([{ port: 6379, from, for: 'the apps, to flags' }]);
    expect(firewallOf('data1')).toEqual([{ port: 3306, from, for: 'the apps, to mariadb' }]);
  });
});
