import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { fillDisk, freeDisk } from '../../src/lab/disk-faults.ts';
import { execInHost, killHost, labStatus, startHost } from '../../src/lab/lab.ts';
import { cutHost, healNetwork, slowHost } from '../../src/lab/network-faults.ts';
import { freezeSshd, thawSshd } from '../../src/lab/sshd-faults.ts';
import { waitUntil } from '../support/wait-until.ts';
import { describeInLab } from './support/describe-in-lab.ts';

describeInLab('In a lab', ['one', 'two', 'three'], (lab) => {
  const addressOf = (host: string) => lab().hosts.find(({ name }) => name === host)!.address;
  const ssh = (host: string, ...words: string[]) => execa('ssh', ['-F', lab().sshConfigFile, host, ...words]);

  /** Whether an SSH greeting comes back over a new connection: from this machine, or from within a host. */
  const isReachable = (host: string) => greets(addressOf(host));
  const isReachableFrom = async (from: string, host: string) => {
    const words = ['timeout', '1', 'bash', '-c', 'read -r line < "/dev/tcp/$0/22"', addressOf(host)];
    return execInHost(lab().name, from, words).then(
      () => true,
      () => false,
    );
  };

  // Neighbours look for a host that was away about once a second.
  const answers = (host: string) => waitUntil(`${host} to answer`, () => isReachable(host));
  const answersTo = (from: string, host: string) =>
    waitUntil(`${host} to answer ${from}`, () => isReachableFrom(from, host));

  const answersSlowly = (host: string) =>
    waitUntil(`${host} to answer`, () => greets(addressOf(host), 5_000));

  test('a host that is cut from everything is reached by nobody until it is healed', async () => {
    await cutHost(lab().name, 'two');
    expect(await isReachable('two')).toBe(false);
    expect(await isReachableFrom('one', 'two')).toBe(false);
    expect(await isReachableFrom('two', 'one')).toBe(false);
    await answers('one');

    await healNetwork(lab().name, 'two');
    await answers('two');
    await answersTo('one', 'two');
  });

  test('a connection that is open when its host is cut goes on after it is healed', async () => {
    const session = ssh('two', 'cat');
    session.stdin!.write('before\n');
    await session.iterable()[Symbol.asyncIterator]().next();
    await cutHost(lab().name, 'two');
    session.stdin!.end('during\n');
    await healNetwork(lab().name);
    expect((await session).stdout).toBe('before\nduring');
  });

  test('two hosts can be cut from each other alone', async () => {
    await cutHost(lab().name, 'one', { kind: 'host', host: 'two' });
    expect(await isReachableFrom('one', 'two')).toBe(false);
    expect(await isReachableFrom('two', 'one')).toBe(false);
    await answersTo('one', 'three');
    await answers('two');
    // Named from the other side.
    await healNetwork(lab().name, 'two');
    await answersTo('one', 'two');
  });

  test('a host can be cut from this machine alone', async () => {
    await cutHost(lab().name, 'one', { kind: 'machine' });
    expect(await isReachable('one')).toBe(false);
    await answersTo('two', 'one');
    await healNetwork(lab().name);
    await answers('one');
  });

  test('a cut holds over a power cut of the host', async () => {
    await cutHost(lab().name, 'two');
    await killHost(lab().name, 'two');
    await startHost(lab().name, 'two');
    expect(await isReachable('two')).toBe(false);
    await healNetwork(lab().name);
    await answers('two');
  });

  test('a host that is switched off answers nothing, not even with a refusal', async () => {
    await killHost(lab().name, 'three');
    expect(await isReachable('three')).toBe(false);
    expect(await connectionEnds(addressOf('three'))).not.toBe('ECONNREFUSED');
    await expect(execInHost(lab().name, 'three', ['true'])).rejects.toThrow('three is off');
    await startHost(lab().name, 'three');
    await answers('three');
  });

  test('a host that reboots from within comes back by itself, with its disk and a new boot', async () => {
    const bootId = () => execInHost(lab().name, 'three', ['cat', '/proc/sys/kernel/random/boot_id']);
    const before = await bootId();
    await ssh('three', 'sh', '-c', '"echo kept > /root/note; sysctl -qw net.core.somaxconn=777"');
    // A host may be gone before it has closed the connection: ssh would wait for it for ever.
    const patience = ['-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=3'];
    await execa('ssh', ['-F', lab().sshConfigFile, ...patience, 'three', 'systemctl', 'reboot']).catch(
      () => undefined,
    );
    await waitUntil('another boot', async () => (await bootId().catch(() => before)) !== before, 30_000);
    await answers('three');
    expect((await ssh('three', 'cat', '/root/note')).stdout).toBe('kept');
    expect((await ssh('three', 'cat', '/proc/sys/net/core/somaxconn')).stdout).not.toBe('777');
  });

  test('packets to a host are late, whoever sends them, and none is spoilt on the way', async () => {
    const delayMs = 300;
    expect(await connectionMs(addressOf('one'))).toBeLessThan(delayMs);
    await slowHost(lab().name, 'one', { delayMs, lossBasisPoints: 0 });
    await answersSlowly('one');
    expect(await connectionMs(addressOf('one'))).toBeGreaterThanOrEqual(delayMs);
    expect(await connectionMs(addressOf('two'))).toBeLessThan(delayMs);

    const sent = randomBytes(500_000);
    const digest = createHash('sha256').update(sent).digest('hex');
    const options = ['-F', lab().sshConfigFile, 'one', 'sha256sum'];
    expect((await execa('ssh', options, { input: sent })).stdout).toContain(digest);

    await cutHost(lab().name, 'one', { kind: 'host', host: 'two' });
    expect(await isReachableFrom('two', 'one')).toBe(false);
    await killHost(lab().name, 'one');
    await startHost(lab().name, 'one');
    await answersSlowly('one');
    expect(await connectionMs(addressOf('one'))).toBeGreaterThanOrEqual(delayMs);

    await healNetwork(lab().name);
    await answersTo('two', 'one');
    await waitUntil('a fast connection', async () => (await connectionMs(addressOf('one'))) < delayMs);
  });

  test('packets to a host are lost', async () => {
    await slowHost(lab().name, 'one', { delayMs: 0, lossBasisPoints: 10_000 });
    expect(await isReachable('one')).toBe(false);
    expect((await labStatus(lab().name)).faults.slow).toEqual({
      one: { delayMs: 0, lossBasisPoints: 10_000 },
    });
    await healNetwork(lab().name);
    await answers('one');
  });

  test('a full disk takes no more byte, and the space is back when it is freed', async () => {
    const write = () => ssh('one', 'dd', 'if=/dev/zero', 'of=/root/block', 'bs=4096', 'count=1');
    await write();
    await fillDisk(lab().name, 'one');
    await expect(ssh('one', 'dd', 'if=/dev/zero', 'of=/root/other', 'bs=4096', 'count=1')).rejects.toThrow(
      'No space left on device',
    );
    await freeDisk(lab().name, 'one');
    await write();
  });

  test('an sshd that hangs takes connections and never greets, and goes on where it was', async () => {
    const session = ssh('one', 'cat');
    session.stdin!.write('before\n');
    await session.iterable()[Symbol.asyncIterator]().next();
    await freezeSshd(lab().name, 'one');
    expect(await isReachable('one')).toBe(false);
    expect(await connectionEnds(addressOf('one'))).toBe('connected');
    await thawSshd(lab().name, 'one');
    await answers('one');
    session.stdin!.end('after\n');
    expect((await session).stdout).toBe('before\nafter');
  });
});

const SILENCE_MS = 700;

/** Whether the address greets as an sshd does before it has been silent for too long. */
async function greets(address: string, patienceMs = SILENCE_MS): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(22, address);
    const end = (greeted: boolean) => {
      socket.destroy();
      resolve(greeted);
    };
    socket.setTimeout(patienceMs, () => end(false));
    socket.once('data', (data) => end(data.toString().startsWith('SSH-2.0')));
    socket.once('error', () => end(false));
  });
}

async function connectionEnds(address: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(22, address);
    const end = (how: string) => {
      socket.destroy();
      resolve(how);
    };
    socket.setTimeout(SILENCE_MS, () => end('silence'));
    socket.once('connect', () => end('connected'));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'error'));
  });
}

/** How long the handshake of a new connection takes. */
async function connectionMs(address: string): Promise<number> {
  const startedAt = performance.now();
  const socket = connect(22, address);
  await once(socket, 'connect');
  socket.destroy();
  return performance.now() - startedAt;
}
