import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, test } from 'vitest';
import { NotProvisioned } from './not-provisioned.ts';
import { parseProduction } from './parse.ts';
import { DamagedPin } from './pin.ts';
import { readProduction } from './read.ts';

// Rules whose words stand in no other table: what is written, and exactly what a person reads.

const inApp = (line: string) => `apps:\n  web:\n    runtime: node\n    ${line}\n`;
const withBalancer = (line: string) =>
  `provider: ssh\nhosts:\n  lb1: { address: 10.0.0.1, roles: [balancer] }\n${line}\napps: {}\n`;
const withHosts = (hosts: string) => `provider: ssh\nhosts: { ${hosts} }\napps: {}\n`;
const inAws = (line: string) =>
  `provider: aws\nhosts:\n  lb1: { roles: [balancer] }\naws: { region: eu-central-1, image: ami-0abc, instance_type: t3.micro, subnet: subnet-0abc, ${line} }\napps: {}\n`;

function messageFor(text: string): string {
  try {
    parseProduction(text, 'fairway.yml');
  } catch (error) {
    return (error as Error).message;
  }
  return 'no problem';
}

const many = Array.from({ length: 9 }, (_, index) => `  h${index}: { address: 127.0.0.1 }\n`).join('');
const cpu = 'a number of CPUs from 0.01 to 1024, such as 0.5';

test.each([
  [
    inApp('instances: { hosts: 1, per_host: 2 }'),
    '4:25: apps.web.instances.hosts: found 1, expected host names such as box[1-3]',
  ],
  [inApp('instances: [1]'), '4:17: apps.web.instances[0]: found 1, expected a host name or range'],
  [
    inApp('instances: { hosts: "box[1-2]", per_host: 0 }'),
    '4:47: apps.web.instances.per_host: found 0, expected a whole number from 1 to 100',
  ],
  [inApp('route: { paths: / }'), '4:21: apps.web.route.paths: found "/", expected a list of paths'],
  [inApp('limits: { cpu: 0 }'), `4:20: apps.web.limits.cpu: found 0, expected ${cpu}`],
  [inApp('limits: { cpu: 2000 }'), `4:20: apps.web.limits.cpu: found 2000, expected ${cpu}`],
  [inApp('limits: { cpu: two }'), `4:20: apps.web.limits.cpu: found "two", expected ${cpu}`],
  [inApp('start: ["a\\0b"]'), '4:13: apps.web.start[0]: found "a\\u0000b", expected text without NUL'],
  [
    inApp('repository: 1'),
    '4:17: apps.web.repository: found 1, expected a git URL (https://…, ssh://…, git@host:path) or a path',
  ],
  [
    withBalancer('balancer: { tls: { certificates: "" } }'),
    '4:34: balancer.tls.certificates: found "", expected a folder of certificates',
  ],
  [
    withHosts('lb1: { address: 10.0.0.1, roles: [Balancer] }'),
    '2:44: hosts.lb1.roles[0]: found "Balancer", expected the name of a role, such as monitoring',
  ],
  [
    withHosts('lb1: { address: 10.0.0.1, ssh: { identity_file: "" } }'),
    '2:58: hosts.lb1.ssh.identity_file: found "", expected a path of a private key',
  ],
  [
    withHosts('lb1: { address: 10.0.0.1, ssh: { config_file: 7 } }'),
    '2:56: hosts.lb1.ssh.config_file: found 7, expected a path of an ssh_config',
  ],
  [
    withHosts('lb1: { address: 7 }'),
    '2:26: hosts.lb1.address: found 7, expected an IP address or a host name',
  ],
  [
    inApp(`runtime: { type: ${'n'.repeat(61)} }`).replace('    runtime: node\n', ''),
    `3:22: apps.web.runtime.type: found "${'n'.repeat(59)}…", expected node, static or command`,
  ],
  [
    inAws('endpoint_url: ftp://x'),
    '4:107: aws.endpoint_url: found "ftp://x", expected a URL that begins with http',
  ],
  [
    `apps:\n  web: { runtime: node, start: "node \${hosts.nowhere.address}" }\nhosts:\n${many}`,
    '2:32: apps.web.start: found "${hosts.nowhere.address}", but there is no host nowhere; expected one of the 10 hosts',
  ],
])('%j', (written, message) => {
  expect(messageFor(written)).toBe(`fairway.yml:${message}`);
});

describe('machines that are still to be created', () => {
  it('are named, a few of them', () => {
    expect(new NotProvisioned(['lb1']).message).toBe(
      'lb1 is a machine that does not exist yet; run "fairway provision" first',
    );
    expect(new NotProvisioned(['a', 'b', 'c', 'd', 'e', 'f']).message).toBe(
      'a, b, c, d and 2 more are machines that do not exist yet; run "fairway provision" first',
    );
  });
});

describe('a configuration that was kept', () => {
  it('and cannot be read any more says what to do', () => {
    const cause = new SyntaxError('Unexpected end of JSON input');
    const damaged = new DamagedPin(cause);
    expect(damaged.message).toBe(
      'a kept configuration cannot be read; restore the state directory from a backup, or deploy again',
    );
    expect(damaged.cause).toBe(cause);
  });
});

describe('a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairway-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('that is a folder cannot be read', async () => {
    const file = join(folder, 'fairway.yml');
    mkdirSync(file);
    await expect(readProduction(file, join(folder, 'state'))).rejects.toThrow(
      `${file}: found a directory, expected a file. Did you mean "${file}/fairway.yml"?`,
    );
  });

  it('of an app whose secret has no value yet is refused, and says how to give it one', async () => {
    const file = join(folder, 'secret.yml');
    writeFileSync(file, 'name: shop\napps:\n  web:\n    runtime: node\n    secrets: [DB_PASSWORD]\n');
    await expect(readProduction(file, join(folder, 'state'))).rejects.toThrow(
      `${file}:5:15: apps.web.secrets[0]: found DB_PASSWORD, which has no value yet. Give it one: fairway secrets set web DB_PASSWORD`,
    );
  });
});
