import { execa } from 'execa';
import { expect, test } from 'vitest';
import { execInHost, killHost, labStatus, labUp, listLabs, startHost } from '../../src/lab/lab.ts';
import { waitUntil } from '../support/wait-until.ts';
import { describeInLab } from './support/describe-in-lab.ts';

const HOSTS = ['box1', 'box2', 'box3'];

describeInLab('A lab of three hosts', HOSTS, (lab) => {
  const ssh = (host: string, ...words: string[]) => execa('ssh', ['-F', lab().sshConfigFile, host, ...words]);

  test('is found by its name, with its hosts on', async () => {
    expect(listLabs().map(({ name }) => name)).toContain(lab().name);
    const { hosts } = await labStatus(lab().name);
    expect(hosts.map(({ name, isOn }) => [name, isOn])).toEqual(HOSTS.map((name) => [name, true]));
  });

  test('lets its key in at the address of each host, with strict host keys and no configuration', async () => {
    const { privateKeyFile, knownHostsFile, hosts } = lab();
    for (const { name, address } of hosts) {
      const strict = [
        ...['-F', '/dev/null', '-i', privateKeyFile, '-o', `UserKnownHostsFile=${knownHostsFile}`],
        ...['-o', 'StrictHostKeyChecking=yes', '-o', 'BatchMode=yes'],
      ];
      expect((await execa('ssh', [...strict, `root@${address}`, 'hostname'])).stdout).toBe(name);
    }
  });

  test('has machines that booted without a failed unit', async () => {
    for (const host of HOSTS) {
      await waitUntil(`${host} to have booted`, async () => {
        const state = await execInHost(lab().name, host, ['systemctl', 'is-system-running']).catch(String);
        return state === 'running';
      });
    }
  });

  test('installs a package on all hosts at once', async () => {
    await Promise.all(HOSTS.map((host) => ssh(host, 'apt-get', 'install', '-qq', 'tree')));
    for (const host of HOSTS) expect((await ssh(host, 'tree', '--version')).stdout).toContain('tree v');
  });

  test('has hosts that know each other by name', async () => {
    expect((await ssh('box1', 'getent', 'hosts', 'box3')).stdout).toContain(lab().hosts[2]!.address);
  });

  test('keeps the disk of a host that lost its power, and nothing that ran', async () => {
    await ssh('box2', 'sh', '-c', '"echo kept > /root/note; echo lost > /run/note"');
    await killHost(lab().name, 'box2');
    expect((await labStatus(lab().name)).hosts.map(({ isOn }) => isOn)).toEqual([true, false, true]);
    await expect(ssh('box2', '-o', 'ConnectTimeout=1', 'true')).rejects.toThrow(/timed out|No route/);

    await startHost(lab().name, 'box2');
    expect((await ssh('box2', 'cat', '/root/note')).stdout).toBe('kept');
    await expect(ssh('box2', 'cat', '/run/note')).rejects.toThrow('No such file');
  });

  test('gets a new host, and changes nothing else, when it is brought up again', async () => {
    const inits = () =>
      Promise.all(
        HOSTS.map((host) => execInHost(lab().name, host, ['cat', '/proc/sys/kernel/random/boot_id'])),
      );
    const before = await inits();
    const again = await labUp({ name: lab().name, hosts: [...HOSTS, 'box4'] });
    expect(again.hosts.slice(0, 3)).toEqual(lab().hosts);
    expect(await inits()).toEqual(before);
    expect((await ssh('box1', 'getent', 'hosts', 'box4')).stdout).toContain(again.hosts[3]!.address);
  });
});
