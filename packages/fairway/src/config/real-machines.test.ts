import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readMachines, writeMachines } from './machines.ts';
import { requireProvisioned } from './not-provisioned.ts';
import { parseProduction } from './parse.ts';
import { ConfigProblems } from './problem.ts';
import type { Production } from './production.ts';

const FILE = '/srv/shop/fairway.yml';
const parse = (text: string) => parseProduction(text, FILE);
const hostOf = (production: Production, name: string) => production.hosts.find((host) => host.name === name)!;

const MACHINES = `provider: ssh
ssh: { port: 2222, identity_file: keys/id, config_file: ~/.ssh/shop }
hosts:
  lb: { address: 10.0.0.10, roles: [balancer, monitoring], ssh: { user: ops, port: 22 } }
  box[1-2]: { address: "10.0.0.[21-22]" }
provision: { user: admin, before: [monitoring] }
apps:
  web: { runtime: node, instances: "box[1-2]", env: { LB: "\${hosts.lb.address}" } }
  shop:
    runtime: node
    route: { hosts: [shop.example.org] }
    instances: { hosts: [box2], per_host: 3 }
    secrets: [DB_PASSWORD]
    limits: { cpu: 0.5 }
`;

describe('a production on real machines', () => {
  test('is balanced by HAProxy where everybody can connect', () => {
    expect(parse(MACHINES).balancer).toEqual({
      type: 'haproxy',
      listen: { address: '0.0.0.0', port: 80 },
    });
    expect(parse(`balancer: { listen: 81 }\n${MACHINES}`).balancer.listen).toEqual({
      address: '0.0.0.0',
      port: 81,
    });
  });

  test('runs instances on its hosts, called as their hosts', () => {
    const [web, shop] = parse(MACHINES).apps;
    expect(web!.instances).toEqual([
      { name: 'box1', host: 'box1' },
      { name: 'box2', host: 'box2' },
    ]);
    expect(shop!.instances).toEqual([
      { name: 'box2', host: 'box2' },
      { name: 'box2-2', host: 'box2' },
      { name: 'box2-3', host: 'box2' },
    ]);
  });

  test('knows how each host is reached and what it is for', () => {
    const production = parse(MACHINES);
    expect(production.hosts.map((host) => host.name)).toEqual(['lb', 'box1', 'box2']);
    expect(hostOf(production, 'lb')).toEqual({
      name: 'lb',
      address: '10.0.0.10',
      isCreated: false,
      roles: ['balancer', 'monitoring'],
      ssh: {
        user: 'ops',
        port: 22,
        identityFile: '/srv/shop/keys/id',
        configFile: join(homedir(), '.ssh/shop'),
      },
    });
    expect(hostOf(production, 'box1')).toMatchObject({
      roles: ['app'],
      ssh: { user: 'fairway', port: 2222 },
    });
  });

  test('is set up with sudo where the user is not root', () => {
    expect(parse(MACHINES).provision).toEqual({
      user: 'admin',
      become: true,
      rolesPath: '/srv/shop/roles',
      before: ['monitoring'],
      after: [],
    });
  });

  test('keeps secrets by name and limits', () => {
    const shop = parse(MACHINES).apps[1]!;
    expect(shop.secrets).toEqual(['DB_PASSWORD']);
    expect(shop.limits).toEqual({ cpu: 0.5 });
  });

  test('has certificates beside the file, or one of its own', () => {
    const tls = (lines: string) => parse(`balancer: { tls: { ${lines} } }\n${MACHINES}`).balancer.tls;
    expect(tls('certificates: tls')).toEqual({
      listen: { address: '0.0.0.0', port: 443 },
      certificatesDirectory: '/srv/shop/tls',
      redirect: true,
    });
    expect(tls('self_signed: true, redirect: false, listen: 8443')).toEqual({
      listen: { address: '0.0.0.0', port: 8443 },
      redirect: false,
    });
  });
});

describe('machines that are created', () => {
  const TEXT = `provider: lab
lab: { subnet: 10.90.0.0/24, memory: 512mb, disk: 2gb }
hosts:
  lb: { roles: [balancer] }
  box[1-2]: {}
  data1: { address: 10.0.0.9 }
apps:
  web:
    runtime: node
    instances: "box[1-2]"
    route: { hosts: ["\${hosts.lb.address}"] }
    env: { DATA: "\${hosts.data1.address}", BOX: "\${hosts.box1.address}" }
`;
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fairway-machines-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('have no address before, and the file is right all the same', () => {
    const production = parse(TEXT);
    expect(hostOf(production, 'box1')).not.toHaveProperty('address');
    expect(hostOf(production, 'box1').isCreated).toBe(true);
    expect(hostOf(production, 'data1')).toMatchObject({ address: '10.0.0.9', isCreated: false });
    expect(production.lab).toEqual({
      subnet: '10.90.0.0/24',
      memoryBytes: 512 * 1024 ** 2,
      diskBytes: 2 * 1024 ** 3,
    });
  });

  test('must be created before anything runs on them', () => {
    expect(() => requireProvisioned(parse(TEXT))).toThrow(
      'lb, box1, box2 are machines that do not exist yet; run "fairway provision" first',
    );
  });

  test('have the addresses that the state directory knows', async () => {
    await writeMachines(directory, {
      lb: { address: '10.90.0.2', id: 'i-1' },
      box1: { address: '10.90.0.3' },
      box2: { address: '10.90.0.4' },
    });
    const machines = await readMachines(directory);
    expect(machines.lb).toEqual({ address: '10.90.0.2', id: 'i-1' });
    const production = parseProduction(TEXT, FILE, { machines });
    expect(production.hosts.map((host) => host.address)).toEqual([
      '10.90.0.2',
      '10.90.0.3',
      '10.90.0.4',
      '10.0.0.9',
    ]);
    expect(production.apps[0]!.env).toEqual({ DATA: '10.0.0.9', BOX: '10.90.0.3' });
    expect(production.apps[0]!.route.hosts).toEqual(['10.90.0.2']);
    expect(() => requireProvisioned(production)).not.toThrow();
  });

  test('are none before the first was created', async () => {
    expect(await readMachines(directory)).toEqual({});
  });

  test('are not guessed from a damaged file', async () => {
    writeFileSync(join(directory, 'machines.json'), '{ "lb": 3 }');
    const reading = readMachines(directory);
    await expect(reading).rejects.toThrow(ConfigProblems);
    await expect(reading).rejects.toThrow(
      'machines.json: found something else, expected hosts with their addresses. Run "fairway provision" to have it written anew.',
    );
  });

  test('come with all that AWS needs', () => {
    const aws =
      'aws: { region: eu-central-1, image: ami-0abc, instance_type: t3.small, subnet: subnet-0abc, security_groups: [sg-0abc], key_name: deploy, endpoint_url: "http://127.0.0.1:5000" }';
    expect(parse(`provider: aws\n${aws}\nhosts: { lb: { roles: [balancer] } }\napps: {}`).aws).toEqual({
      region: 'eu-central-1',
      image: 'ami-0abc',
      instanceType: 't3.small',
      subnet: 'subnet-0abc',
      securityGroups: ['sg-0abc'],
      keyName: 'deploy',
      endpointUrl: 'http://127.0.0.1:5000',
    });
  });
});
