import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseProduction } from '../config/parse.ts';
import type { Production } from '../config/production.ts';
import { SecretStore } from '../secrets/secret-store.ts';
import type { Check, Patient } from './check.ts';
import { certificates } from './checks/certificates.ts';
import { clock } from './checks/clock.ts';
import { disk } from './checks/disk.ts';
import { instancePorts } from './checks/instance-ports.ts';
import { keyFile } from './checks/key-file.ts';
import { lastProvision } from './checks/last-provision.ts';
import { reach } from './checks/reach.ts';
import { stateDirectory } from './checks/state-directory.ts';
import { sudo } from './checks/sudo.ts';
import { versions } from './checks/versions.ts';
import { visitors } from './checks/visitors.ts';
import { examineMachine } from './examine.ts';
import { CONTROL_MACHINE, ok } from './finding.ts';
import type { Machine } from './machine.ts';
import { thisMachine } from './this-machine.ts';

const NOW = Date.parse('2026-05-01T12:00:00Z');
const FILE = `provider: ssh
hosts:
  lb: { address: 10.0.0.1, roles: [balancer] }
  box[1-2]: { address: "10.0.0.[2-3]" }
apps: { web: { runtime: node, instances: "box[1-2]" } }
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairway-doctor-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

type Answers = Readonly<Record<string, string | { readonly exitCode: number; readonly stderr: string }>>;

/** A machine that answers commands, named by their first words, as it is told. */
function machine(answers: Answers, changes: Partial<Machine> = {}): Machine {
  return {
    name: 'box1',
    address: '10.0.0.2',
    roles: ['app'],
    run: async (command) => {
      const line = command.join(' ');
      const [, answer] = Object.entries(answers).find(([words]) => line.startsWith(words)) ?? [];
      if (answer === undefined) throw new Error(`nobody expected "${line}"`);
      return typeof answer === 'string'
        ? { exitCode: 0, stdout: answer, stderr: '' }
        : { stdout: '', ...answer };
    },
    ...changes,
  };
}

function patient(changes: Partial<Patient> & { readonly text?: string } = {}): Patient {
  const { text = FILE, ...others } = changes;
  const production: Production = parseProduction(text, join(folder, 'fairway.yml'));
  return {
    production,
    stateDirectory: folder,
    keyFile: join(folder, '..', 'none.key'),
    machines: new Map(),
    now: () => NOW,
    ...others,
  };
}

const examine = (check: Check, on: Machine, about: Patient = patient()) => check.examine(on, about);
const control = { name: CONTROL_MACHINE, address: '127.0.0.1', roles: [] };

describe('disk', () => {
  const df = (size: number, free: number, nodes = 1000, freeNodes = 900) =>
    machine({
      df: `Mounted on 1B-blocks Avail Inodes IFree\n/ ${size * 2 ** 20} ${free * 2 ** 20} ${nodes} ${freeNodes}\n`,
    });

  test.each([
    [df(100_000, 50_000), 'ok', '50000 MB of 100000 MB are free on /'],
    [df(100_000, 4_000), 'warning', '4000 MB of 100000 MB are free on /'],
    [df(3_000, 500), 'warning', '500 MB of 3000 MB are free on /'],
    [df(100_000, 250), 'failure', '250 MB of 100000 MB are free on /'],
    [df(100_000, 50_000, 1000, 5), 'failure', '/ has 5 of 1000 inodes left'],
  ])('%#', async (on, status, message) => {
    expect(await examine(disk, on)).toMatchObject([{ status, message }]);
  });

  test('understands the df of this machine', async () => {
    const found = await examine(disk, thisMachine);
    expect(found.map(({ message }) => message).join()).toMatch(/^\d+ MB of \d+ MB are free on \//);
  });
});

test('a clock that is off is told with how much and which way', async () => {
  const at = (skewMs: number) => machine({ date: `${(NOW + skewMs) / 1000}\n` });
  expect(await examine(clock, at(500))).toMatchObject([{ status: 'ok' }]);
  expect(await examine(clock, at(-10_000))).toMatchObject([
    { status: 'warning', message: 'its clock is 10.0 s behind that of the control machine' },
  ]);
  expect(await examine(clock, at(3_600_000))).toMatchObject([
    { status: 'failure', message: 'its clock is 3600.0 s ahead of that of the control machine' },
  ]);
});

describe('sudo', () => {
  const listing = (rules: string) =>
    `Matching Defaults entries for fairway on box1:\n    !requiretty\n\nUser fairway may run the following commands on box1:\n    ${rules}\n`;

  test.each([
    [
      '(root) NOPASSWD: /usr/local/sbin/fairway-host',
      'ok',
      'fairway may run as root: /usr/local/sbin/fairway-host',
    ],
    ['(ALL : ALL) NOPASSWD: ALL', 'warning', 'fairway may run everything as root'],
    ['(root) NOPASSWD: /usr/bin/true', 'failure', 'fairway may not run /usr/local/sbin/fairway-host as root'],
  ])('%s', async (rules, status, message) => {
    const on = machine({ id: 'fairway\n', sudo: listing(rules) });
    expect(await examine(sudo, on)).toMatchObject([{ status, message }]);
  });

  test('that asks for a password is told', async () => {
    const on = machine({ id: 'fairway', sudo: { exitCode: 1, stderr: 'sudo: a password is required\n' } });
    expect(await examine(sudo, on)).toMatchObject([
      { status: 'failure', message: 'fairway may not use sudo: sudo: a password is required' },
    ]);
  });

  test('is not needed by root, which is not to deploy', async () => {
    expect(await examine(sudo, machine({ id: 'root\n' }))).toMatchObject([{ status: 'warning' }]);
  });
});

describe('versions', () => {
  const programs = {
    systemctl: 'systemd 252 (252.31-1~deb12u1)\n+PAM',
    python3: 'Python 3.11.2\n',
    node: 'v20.20.2\n',
  };

  test('that will do are told together', async () => {
    expect(await examine(versions, machine(programs))).toEqual([
      ok('systemd 252.0.0, Python 3.11.2, Node 20.20.2'),
    ]);
  });

  test('that are too old, and programs that are missing, are told each', async () => {
    const missing = { exitCode: 127, stderr: 'node: command not found' };
    const found = await examine(versions, machine({ ...programs, python3: 'Python 3.7.3', node: missing }));
    expect(found).toMatchObject([
      { status: 'failure', message: 'Python is 3.7.3, and >=3.9 is needed', next: 'Run "fairway provision"' },
      { status: 'failure', message: 'Node is missing: node: command not found' },
    ]);
  });

  test('of this machine are understood', async () => {
    expect(await examine(versions, thisMachine)).toMatchObject([
      { status: 'ok', message: expect.stringMatching(/^git 2\./) },
    ]);
  });
});

test('ports of instances that the system gives away are told', async () => {
  const on = (range: string) => machine({ cat: range });
  expect(await examine(instancePorts, on('32768\t60999\n'))).toMatchObject([{ status: 'ok' }]);
  expect(await examine(instancePorts, on('1024\t60999\n'))).toMatchObject([
    {
      status: 'warning',
      message: 'ports 20000-29999 of instances overlap with those of connections that go out (1024-60999)',
    },
  ]);
});

describe('firewall', () => {
  const box = (name: string, address: string): [string, Machine] => [name, machine({}, { name, address })];
  const machines = new Map([box('box1', '10.0.0.2'), box('box2', '10.0.0.3')]);
  const balancer = (answer: string) => machine({ python3: answer }, { name: 'lb', roles: ['balancer'] });

  test('lets a balancer through, whether something listens or not', async () => {
    const found = await examine(reach, balancer('open\nrefused\n'), patient({ machines }));
    expect(found).toEqual([ok("reaches the instances' ports on box1, box2")]);
  });

  test('that does not is told with the host that cannot be reached', async () => {
    const found = await examine(reach, balancer('open\nblocked timed out\n'), patient({ machines }));
    expect(found).toMatchObject([
      {
        status: 'failure',
        message: 'cannot reach the instances of box2 (10.0.0.3, ports 20000-29999): timed out',
      },
    ]);
  });

  test('is tried with a program that works', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const here = new Map([['box1', machine({}, { address: '127.0.0.1' })]]);
    const text = FILE.replace('provider: ssh', `provider: ssh\nports: ${port}-${port + 10}`);
    const lb = { ...thisMachine, name: 'lb', roles: ['balancer'] };
    const about = patient({ machines: here, text });
    expect(await examine(reach, lb, about)).toMatchObject([{ status: 'ok' }]);
    await new Promise((resolve) => server.close(resolve));
    expect(await examine(reach, lb, about)).toMatchObject([{ status: 'ok' }]);
    const nowhere = new Map([['box1', machine({}, { address: 'nowhere.invalid' })]]);
    expect(await examine(reach, lb, patient({ machines: nowhere }))).toMatchObject([{ status: 'failure' }]);
  });
});

test('visitors who find nobody are told', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const text = FILE.replace(
    'provider: ssh',
    `provider: ssh\nbalancer: { listen: ${port} }\nports: 1024-1100`,
  );
  const lb = machine({}, { name: 'lb', address: '127.0.0.1', roles: ['balancer'] });
  expect(await examine(visitors, lb, patient({ text }))).toEqual([ok(`answers on port ${port}`)]);
  await new Promise((resolve) => server.close(resolve));
  expect(await examine(visitors, lb, patient({ text }))).toMatchObject([
    { status: 'failure', message: `nothing answers on port ${port}` },
  ]);
});

describe('certificates', () => {
  const text = FILE.replace('provider: ssh', 'provider: ssh\nbalancer: { tls: { certificates: tls } }');
  const here = machine({}, control);

  test('are told with the day on which they run out', async () => {
    mkdirSync(join(folder, 'tls'));
    const pem = join(folder, 'tls', 'shop.pem');
    const options = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync(
      'openssl',
      ['req', '-x509', ...options, '-subj', '/CN=shop', '-days', '100', '-keyout', '/dev/null', '-out', pem],
      { stdio: 'ignore' },
    );
    const end = Date.now() + 100 * 86_400_000;
    const on = async (days: number) =>
      (await examine(certificates, here, patient({ text, now: () => end - days * 86_400_000 })))[0];
    expect(await on(60)).toMatchObject({
      status: 'ok',
      message: expect.stringMatching(/^shop.pem is valid until 20/),
    });
    expect(await on(10)).toMatchObject({ status: 'warning' });
    expect(await on(-1.5)).toMatchObject({
      status: 'failure',
      message: expect.stringMatching(/^shop.pem ran out on/),
    });
    writeFileSync(pem, 'hello');
    expect(await on(60)).toMatchObject({
      status: 'failure',
      message: expect.stringContaining('is no certificate'),
    });
  });

  test('in a folder that is not there are told', async () => {
    expect(await examine(certificates, here, patient({ text }))).toMatchObject([{ status: 'failure' }]);
  });
});

test('what others may read of the state directory is told', async () => {
  chmodSync(folder, 0o700);
  writeFileSync(join(folder, 'server.json'), '{}', { mode: 0o600 });
  expect(await examine(stateDirectory, machine({}, control))).toMatchObject([{ status: 'ok' }]);
  chmodSync(join(folder, 'server.json'), 0o644);
  chmodSync(folder, 0o755);
  expect(await examine(stateDirectory, machine({}, control))).toMatchObject([
    { status: 'failure', message: `others may read ${folder}` },
    { status: 'failure', next: `Close it: chmod go-rwx ${join(folder, 'server.json')}` },
  ]);
});

describe('the key', () => {
  const here = machine({}, control);

  test('is not asked for where there are no secrets', async () => {
    expect(await examine(keyFile, here)).toEqual([]);
  });

  test('is to be here, private, the right one, and not beside fairway.yml', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'fairway-doctor-key-'));
    const file = join(elsewhere, 'key');
    const about = () => patient({ keyFile: file });
    const store = new SecretStore({ file: join(folder, 'fairway.yml'), name: 'production' });
    await store.open(file, NOW);
    await store.set('web', 'PASSWORD', Buffer.from('hunter22'));
    expect(await examine(keyFile, here, about())).toMatchObject([{ status: 'ok' }]);
    chmodSync(file, 0o640);
    expect(await examine(keyFile, here, about())).toMatchObject([
      { status: 'failure', message: `others may read the key ${file}` },
    ]);
    chmodSync(file, 0o600);
    writeFileSync(store.recipientsFile, 'age1other\n');
    expect(await examine(keyFile, here, about())).toMatchObject([
      { status: 'failure', message: expect.stringContaining('is none of those') },
    ]);
    const beside = join(folder, 'key');
    await store.open(beside, NOW);
    expect(await examine(keyFile, here, patient({ keyFile: beside }))).toMatchObject([{ status: 'warning' }]);
    rmSync(elsewhere, { recursive: true });
    expect(await examine(keyFile, here, about())).toMatchObject([
      { status: 'failure', message: `the key that opens the secrets is missing: ${file}` },
    ]);
  });
});

test('machines that were not looked at for long, or never, are told', async () => {
  const here = machine({}, control);
  expect(await examine(lastProvision, here)).toMatchObject([
    { status: 'warning', next: 'Run "fairway provision"' },
  ]);
  const log = join(folder, 'provision', 'ansible.log');
  mkdirSync(join(folder, 'provision'));
  writeFileSync(log, '');
  const ago = (days: number) => utimesSync(log, 0, NOW / 1000 - days * 86_400);
  ago(3);
  expect(await examine(lastProvision, here)).toEqual([ok('the machines were looked at 3 days ago')]);
  ago(61);
  expect(await examine(lastProvision, here)).toMatchObject([
    { status: 'warning', next: 'See what differs by now: fairway plan' },
  ]);
});

test('machines that are set up from elsewhere are no concern of the machine that steers them', async () => {
  const text = FILE.replace('hosts:', 'hosts:\n  ctl: { address: 10.0.0.9, roles: [control] }');
  expect(await examine(lastProvision, machine({}, control), patient({ text }))).toEqual([]);
});

describe('all checks of a machine', () => {
  const check = (name: string, examineIt: Check['examine']): Check => ({
    name,
    concerns: () => true,
    examine: examineIt,
  });
  const failing = check('one', () => Promise.reject(new Error('no route to host')));
  const fine = check('two', async () => [ok('fine')]);
  const hanging = check('three', () => new Promise(() => undefined));

  test('are told each, also when one cannot be made', async () => {
    expect(await examineMachine(machine({}), [failing, fine], patient(), 5_000)).toEqual([
      {
        machine: 'box1',
        check: 'one',
        status: 'failure',
        message: 'could not be looked at: no route to host',
        next: 'Look at the machine yourself',
      },
      { machine: 'box1', check: 'two', status: 'ok', message: 'fine' },
    ]);
  });

  test('end at the deadline, whatever hangs', async () => {
    const found = await examineMachine(machine({}), [hanging, fine], patient(), 20);
    expect(found.map(({ status }) => status)).toEqual(['failure', 'ok']);
    expect(found[0]!.message).toBe('took longer than 0.02 s');
  });

  test('concern only the machines that they are for', async () => {
    const others: Check = { ...failing, concerns: () => false };
    expect(await examineMachine(machine({}), [others], patient(), 5_000)).toEqual([]);
  });
});
