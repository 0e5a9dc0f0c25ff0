import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processesOf } from '../../../demo/src/demo/left-behind.ts';
import { FAIRWAY } from '../../../demo/src/demo/workspace.ts';
import { readMachines } from '../../src/config/machines.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { execInHost, type Lab, labStatus } from '../../src/lab/lab.ts';
import { runCli } from '../support/command-line.ts';
import { waitUntil } from '../support/wait-until.ts';
import { describeInLab } from './support/describe-in-lab.ts';

const APPS = `apps:
  shop: { runtime: node, instances: [box1], route: { hosts: [shop.localhost] } }
`;

const HOSTS = `hosts:
  lb1: { roles: [balancer] }
  flags1: { roles: [flags] }
  box1: {}
`;

interface ProvisionResult {
  readonly changed: number;
  readonly hosts: readonly { readonly name: string; readonly state: string; readonly changed: number }[];
}

describeInLab('Machines that are provisioned', ['lb1', 'flags1', 'box1'], (lab) => {
  let folder: string;
  const configure = (rest = '') =>
    writeFileSync(join(folder, 'fairway.yml'), `name: ${lab().name}\nprovider: lab\n${HOSTS}${APPS}${rest}`);
  const fairway = (...words: string[]) =>
    runCli(words, { cwd: folder, env: process.env as Record<string, string> });
  const inHost = (host: string, ...words: string[]) => execInHost(lab().name, host, words);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fairway-provision-'));
    configure();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('are set up by one command, and found by their names afterwards', async () => {
    const { out, err, exitCode } = await fairway('provision', '--json');
    expect(exitCode, err).toBe(0);
    const { hosts, changed } = JSON.parse(out) as ProvisionResult;
    expect(hosts.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'lb1 done',
      'flags1 done',
      'box1 done',
    ]);
    expect(changed).toBeGreaterThan(20);
    const machines = await readMachines(join(folder, '.fairway'));
    expect(Object.entries(machines).map(([name, { address }]) => ({ name, address }))).toEqual(lab().hosts);
  });

  test('are not changed by a second run', async () => {
    const { out, exitCode } = await fairway('provision');
    expect(out).not.toContain('changed');
    expect(out.match(/as it should be/g)).toHaveLength(3);
    expect(exitCode).toBe(0);
  });

  test('are found to be well by the doctor, before anything is deployed', async () => {
    const { findings } = JSON.parse((await fairway('doctor', '--json')).out) as { findings: Finding[] };
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(findings).toContainEqual(
      expect.objectContaining({ machine: 'lb1', check: 'visitors', message: 'answers on port 80' }),
    );
  });

  test('show what was changed on them by hand, and are mended', async () => {
    await inHost('box1', 'sh', '-c', 'echo "PermitRootLogin yes" >> /etc/ssh/sshd_config.d/10-fairway.conf');
    await inHost('box1', 'systemctl', 'stop', 'fairway-firewall');

    const plan = await fairway('plan', 'provision');
    expect(plan.out).toContain('/etc/ssh/sshd_config.d/10-fairway.conf');
    expect(plan.out).toContain('-PermitRootLogin yes');
    expect(plan.out).toMatch(/box1 +! \d differences/);
    expect(plan.out).toMatch(/lb1 +\S+ as it should be/);
    expect(await inHost('box1', 'cat', '/etc/ssh/sshd_config.d/10-fairway.conf')).toContain('Login yes');

    expect((await fairway('provision', '--limit', 'box1')).exitCode).toBe(0);
    expect(await inHost('box1', 'cat', '/etc/ssh/sshd_config.d/10-fairway.conf')).not.toContain('Login yes');
    expect(await inHost('box1', 'systemctl', 'is-active', 'fairway-firewall')).toContain('active');
  });

  test('tell of a task that failed where it was, what it said, and how to go on', async () => {
    role(folder, 'broken', [
      '- name: Fetch the tool',
      "  ansible.builtin.command: sh -c 'echo its last words >&2; exit 7'",
      '  changed_when: false',
    ]);
    configure('provision: { after: [broken] }\n');
    const { err, exitCode } = await fairway('provision', '--limit', 'box1');
    expect(exitCode).toBe(1);
    expect(err).toContain('box1: broken: Fetch the tool');
    expect(err).toContain('its last words');
    expect(err).toContain('roles/broken/tasks/main.yml:1');
    expect(err).toContain('fairway provision --limit box1');
    configure();
  });

  test('are worked on by one command at a time, and by none that was killed', async () => {
    role(folder, 'long', [
      '- name: Take long',
      '  ansible.builtin.command: sleep 300',
      '  changed_when: false',
    ]);
    configure('provision: { after: [long] }\n');
    const words = [FAIRWAY, 'provision', '--limit', 'box1'];
    const first = execa(process.execPath, words, { cwd: folder, reject: false, env: { NO_COLOR: '1' } });
    const ansible = () => processesOf(folder).filter((line) => line.includes('ansible-playbook'));
    await waitUntil('the long task', async () => (await sleepers()) > 0, 60_000);
    const { err, exitCode } = await fairway('provision', '--limit', 'lb1');
    expect(exitCode).toBe(1);
    expect(err).toContain(`are being worked on by "fairway provision" of`);
    expect(err).toContain(`(process ${first.pid}), since `);
    expect(ansible()).not.toEqual([]);

    first.kill('SIGKILL');
    await first;
    configure();
    await waitUntil('its Ansible to have ended as well', () => ansible().length === 0);
    await inHost('box1', 'pkill', '-fx', 'sleep 300').catch(() => undefined);
    const after = await fairway('provision', '--limit', 'box1');
    expect(after.exitCode, after.err).toBe(0);
  });

  async function sleepers(): Promise<number> {
    return Number(await inHost('box1', 'sh', '-c', 'pgrep -cfx "sleep 300" || true'));
  }

  describe('are guarded', () => {
    test('by a firewall that lets balancers alone to the apps', async () => {
      const server = inHost('box1', 'timeout', '60', 'python3', '-m', 'http.server', '20000').catch(() => '');
      const box1 = addressOf(lab(), 'box1');
      const knock = (host: string) =>
        inHost(host, 'curl', '-sS', '-o', '/dev/null', '-w', '%{http_code}', `http://${box1}:20000/`);
      await waitUntil(
        'the balancer host to be let in',
        async () => (await knock('lb1').catch(String)) === '200',
      );
      await expect(knock('flags1')).rejects.toThrow(/Failed to connect/);
      await inHost('box1', 'pkill', '-f', 'http.server 20000');
      await server;
    });

    test('by sshd, which asks nobody for a password', async () => {
      const { stderr } = await execa(
        'ssh',
        [
          '-F',
          lab().sshConfigFile,
          '-o',
          'PreferredAuthentications=password',
          '-o',
          'ControlPath=none',
          'box1',
          'true',
        ],
        { reject: false },
      );
      expect(stderr).toMatch(/Permission denied \(publickey\)/);
    });

    test('by sudo, which lets the deploying user do nothing but what is named', async () => {
      const asFairway = (...words: string[]) => inHost('box1', 'runuser', '-u', 'fairway', '--', ...words);
      await expect(asFairway('sudo', '-n', 'id')).rejects.toThrow(/password is required/);
      await expect(asFairway('sudo', '-n', '/bin/sh', '-c', 'id')).rejects.toThrow(/password is required/);
      expect((await asFairway('sudo', '-n', '-l')).match(/NOPASSWD: .*/g)).toEqual([
        'NOPASSWD: /usr/local/sbin/fairway-host',
      ]);
    });

    test('by a key of their own: one that changed is refused, with both fingerprints', async () => {
      const file = join(folder, '.fairway', 'ssh', 'known_hosts');
      const learned = readFileSync(file, 'utf8');
      const box1 = addressOf(lab(), 'box1');
      const other = (line: string) => line.split(' ').slice(1).join(' ');
      const keyOf = (address: string) =>
        other(learned.split('\n').find((line) => line.startsWith(`${address} `))!);
      writeFileSync(file, learned.replaceAll(keyOf(box1), keyOf(addressOf(lab(), 'lb1'))));
      const { err, exitCode } = await fairway('plan', 'provision');
      expect(exitCode).toBe(1);
      expect(err).toContain('box1 (root@');
      expect(err.match(/SHA256:/g)).toHaveLength(2);
      expect(err).toContain('ssh-keygen -R');
      writeFileSync(file, learned);
    });
  });

  describe('that are reached by SSH alone', () => {
    const ssh = () => {
      const own = mkdtempSync(join(folder, 'ssh-'));
      const hosts = lab().hosts.map(
        ({ name, address }) => `  ${name}: { address: ${address}, roles: [balancer] }\n`,
      );
      writeFileSync(
        join(own, 'fairway.yml'),
        `name: ${lab().name}\nprovider: ssh\nssh: { identity_file: ${lab().privateKeyFile} }\nhosts:\n${hosts.join('')}apps: {}\n`,
      );
      return (...words: string[]) => runCli(words, { cwd: own, env: process.env as Record<string, string> });
    };

    test('are asked about before anything is sent to them', async () => {
      const { err, exitCode } = await ssh()('provision', '--check', '--limit', 'lb1');
      expect(exitCode).toBe(1);
      const shown = await execa('ssh-keygen', [
        '-l',
        '-F',
        addressOf(lab(), 'lb1'),
        '-f',
        lab().knownHostsFile,
      ]);
      expect(err).toContain(/SHA256:\S+/.exec(shown.stdout)![0]);
      expect(err).toContain('--accept-host-keys');
    });

    test('are believed when a file knows their keys', async () => {
      const run = ssh();
      const { out, err, exitCode } = await run(
        'provision',
        '--check',
        '--limit',
        'lb1',
        '--known-hosts',
        lab().knownHostsFile,
      );
      expect(exitCode, err).toBe(0);
      expect(out).toContain('lb1');
    });
  });

  describe('that are no longer wanted', () => {
    test('are kept when the name of the production is not the right one', async () => {
      const { err, exitCode } = await fairway('provision', '--destroy=production');
      expect(exitCode).toBe(2);
      expect(err).toContain('nothing was destroyed');
      expect((await labStatus(lab().name)).hosts.map(({ isOn }) => isOn)).toEqual([true, true, true]);
    });

    test('are kept when the lab has machines of somebody else', async () => {
      const file = join(folder, '.fairway', 'machines.json');
      const machines = readFileSync(file, 'utf8');
      const { box1: _, ...others } = JSON.parse(machines) as Record<string, object>;
      writeFileSync(file, JSON.stringify(others));
      const { err, exitCode } = await fairway('provision', `--destroy=${lab().name}`);
      expect(exitCode).toBe(1);
      expect(err).toContain('also has box1');
      expect((await labStatus(lab().name)).hosts).toHaveLength(3);
      writeFileSync(file, machines);
    });

    test('are destroyed, and forgotten', async () => {
      const { out, err, exitCode } = await fairway('provision', `--destroy=${lab().name}`);
      expect(exitCode, err).toBe(0);
      expect(out).toContain('Destroyed 3 machines');
      await expect(labStatus(lab().name)).rejects.toThrow();
      expect(await readMachines(join(folder, '.fairway'))).toEqual({});
    });
  });
});

function addressOf(lab: Lab, host: string): string {
  return lab.hosts.find(({ name }) => name === host)!.address;
}

function role(folder: string, name: string, tasks: readonly string[]): void {
  const directory = join(folder, 'roles', name, 'tasks');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'main.yml'), `${tasks.join('\n')}\n`);
}
