import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readMachines } from '../../src/config/machines.ts';
import { readProduction } from '../../src/config/read.ts';
import { createMachines } from '../../src/provision/machines.ts';
import { runCli } from '../support/command-line.ts';
import { type Ec2Server, startEc2Server, whyNoEc2Server } from '../support/ec2-server.ts';

const reason = await whyNoEc2Server();

/** What is asked of the server beside Ansible: its own client is Python's. */
interface Instance {
  readonly id: string;
  readonly state: string;
  readonly name: string;
  readonly groups: readonly string[];
}

const REGION = 'eu-central-1';
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_DEFAULT_REGION: REGION };
const env = { ...(process.env as Record<string, string>), ...CREDENTIALS };

// A server on this machine that speaks EC2's API. That it is no proof for AWS itself, docs/provisioning.md says.
describe.skipIf(reason)(`Machines in EC2${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let server: Ec2Server;
  let subnet: string;
  let image: string;
  const folders: string[] = [];

  const folderOf = (boxes: string, name = 'shop') => {
    const folder = mkdtempSync(join(tmpdir(), 'fairway-aws-'));
    folders.push(folder);
    configure(folder, boxes, name);
    return folder;
  };
  const configure = (folder: string, boxes: string, name = 'shop') =>
    writeFileSync(
      join(folder, 'fairway.yml'),
      `name: ${name}
provider: aws
aws: { region: ${REGION}, image: ${image}, instance_type: t3.small, subnet: ${subnet}, endpoint_url: "${server.url}" }
hosts:
  lb: { roles: [balancer] }
  ${boxes}: {}
apps:
  web: { runtime: node, instances: "${boxes}", route: { hosts: [shop.example.org] } }
`,
    );
  const create = async (folder: string) => {
    const said: string[] = [];
    const configFile = join(folder, 'fairway.yml');
    const stateDirectory = join(folder, '.fairway');
    const { signal } = new AbortController();
    const place = { configFile, stateDirectory, env, signal, say: (line: string) => said.push(line) };
    await createMachines(await readProduction(configFile, stateDirectory), place);
    return {
      machines: await readMachines(stateDirectory),
      changed: said.filter((line) => line.endsWith(': changed')),
    };
  };
  const ask = async (action: string, parameters: Record<string, string> = {}) => {
    const body = new URLSearchParams({ Action: action, Version: '2016-11-15', ...parameters });
    const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/ec2/aws4_request, SignedHeaders=host, Signature=0`;
    const answer = await fetch(server.url, { method: 'POST', body, headers: { authorization } });
    const text = await answer.text();
    expect(answer.status, text).toBe(200);
    return text;
  };
  const instances = async (): Promise<Instance[]> => {
    const reservations = (await ask('DescribeInstances')).split('<reservationId>').slice(1);
    return reservations.map((text) => ({
      id: /<instanceId>(.*?)</.exec(text)![1]!,
      state: /<instanceState>[\s\S]*?<name>(.*?)</.exec(text)![1]!,
      name: /<key>Name<\/key>\s*<value>(.*?)</.exec(text)?.[1] ?? '',
      groups: [...new Set([...text.matchAll(/<groupName>(.*?)</g)].map((found) => found[1]!))],
    }));
  };
  const running = async () => (await instances()).filter(({ state }) => state === 'running');

  beforeAll(async () => {
    server = await startEc2Server();
    subnet = /<subnetId>(.*?)</.exec(await ask('DescribeSubnets'))![1]!;
    image = /<imageId>(.*?)</.exec(await ask('DescribeImages'))![1]!;
    await ask('RunInstances', { ImageId: image, MinCount: '1', MaxCount: '1', SubnetId: subnet });
  }, 300_000);

  afterAll(async () => {
    await server?.stop();
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  test('are made with the groups of their roles, found again, added to, and destroyed, and no others', async () => {
    const [foreign] = await running();
    const folder = folderOf('box1');
    const first = await create(folder);
    expect(Object.keys(first.machines)).toEqual(['box1', 'lb']);
    expect(first.machines.box1).toMatchObject({ identityFile: join(folder, '.fairway/ssh/id_ed25519') });
    const made = await running();
    expect(made.map(({ name }) => name).sort()).toEqual(['', 'shop-box1', 'shop-lb']);
    const box1 = made.find(({ name }) => name === 'shop-box1')!;
    expect(box1.groups.map((name) => name.replace(/-[0-9a-f]{8}-/, '-')).sort()).toEqual([
      'fairway-shop-all',
      'fairway-shop-app',
    ]);

    expect(await create(folder)).toEqual({ machines: first.machines, changed: [] });

    configure(folder, 'box[1-2]');
    const { machines, changed } = await create(folder);
    expect(changed).toEqual(['Make the machines: changed']);
    expect(machines).toMatchObject(first.machines);
    expect(await running()).toHaveLength(4);

    // Another state directory, the same name, the same account: another production.
    const other = folderOf('box1');
    await create(other);
    expect(await running()).toHaveLength(6);

    const destroyed = await runCli(['provision', '--destroy=shop'], { cwd: folder, env });
    expect(destroyed.exitCode, destroyed.err).toBe(0);
    expect(await readMachines(join(folder, '.fairway'))).toEqual({});
    const left = (await running()).map(({ id }) => id);
    expect(left).toHaveLength(3);
    expect(left).toContain(foreign!.id);
    const groups = [...(await ask('DescribeSecurityGroups')).matchAll(/<groupName>(fairway-.*?)</g)];
    expect(new Set(groups.map((found) => found[1])).size).toBe(3);
    expect((await ask('DescribeKeyPairs')).match(/<keyName>/g)).toHaveLength(1);
  }, 240_000);

  test('that cannot be made say at which step and why', async () => {
    const folder = folderOf('box1');
    subnet = 'subnet-0000000000';
    configure(folder, 'box1');
    await expect(create(folder)).rejects.toThrow(/could not be created, at "Find the network"\n.*subnet/s);
  }, 60_000);
});
