import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Artifact, Launch, LogLine, SlotProcess } from '../../src/hosts/hosts.ts';
import { HOST_PROGRAM } from '../../src/hosts/ssh/protocol.ts';
import { SshHosts } from '../../src/hosts/ssh/ssh-hosts.ts';
import { fillDisk, freeDisk } from '../../src/lab/disk-faults.ts';
import { killHost, startHost } from '../../src/lab/lab.ts';
import { cutHost, healNetwork } from '../../src/lab/network-faults.ts';
import { freezeSshd, thawSshd } from '../../src/lab/sshd-faults.ts';
import type { SlotAddress } from '../../src/rollout/slot.ts';
import { CommandFailed } from '../../src/ssh/errors.ts';
import { packArtifact } from '../support/artifact.ts';
import { waitUntil } from '../support/wait-until.ts';
import { AppHosts } from './support/app-hosts.ts';
import { describeInLab } from './support/describe-in-lab.ts';

const sample = fileURLToPath(new URL('../support/hosts-app', import.meta.url));
const fence = 1;
const MEGABYTE = 1024 * 1024;
const STATE = '/var/lib/fairway';

describeInLab('Hosts reached by SSH', ['box1', 'box2'], (lab) => {
  let machines: AppHosts;
  let hosts: SshHosts;
  let port = 21_000;

  beforeAll(async () => {
    machines = new AppHosts(lab());
    ({ hosts } = machines);
    await machines.setUp();
  });

  afterAll(() => machines?.close());

  const exec = (host: string, script: string) => machines.exec(host, 'sh', '-c', script);
  const slotOf = (app: string, instance = 'box1'): SlotAddress => ({ app, instance, slot: 'a' });
  const launch = (changes: Partial<Launch> = {}): Launch => {
    port += 1;
    return {
      generation: 'r1+c1',
      release: 'r1',
      command: ['node', 'app.mjs'],
      directory: '.',
      port,
      stopTimeoutMs: 5_000,
      env: { PORT: `${port}`, LISTEN: '0.0.0.0' },
      ...changes,
    };
  };
  const install = async (app: string, host = 'box1') =>
    hosts.install(host, await packArtifact(machines.scratch, app, 'r1', sample), fence);
  /** A release whose artifact no compression makes smaller. */
  const large = (app: string, megabytes: number): Promise<Artifact> => {
    const folder = join(machines.scratch, `${app}-content`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'data'), randomBytes(megabytes * MEGABYTE));
    return packArtifact(machines.scratch, app, 'r1', folder);
  };
  const observed = async (app: string, instance = 'box1'): Promise<SlotProcess | undefined> =>
    (await hosts.observe(app)).find((process) => process.slot.instance === instance);
  const started = async (app: string, changes: Partial<Launch> = {}, host = 'box1') => {
    const given = launch(changes);
    await install(app, host);
    await hosts.start(host, slotOf(app, host), given, fence);
    return given;
  };
  const fetchFrom = (host: string, at: number, path = '/') => {
    const { address } = lab().hosts.find(({ name }) => name === host)!;
    return fetch(`http://${address}:${at}${path}`, { headers: { connection: 'close' } }).then((answer) =>
      answer.text(),
    );
  };
  const answers = (host: string, at: number) =>
    waitUntil(`${host} to answer`, () => fetchFrom(host, at).catch(() => undefined));

  test('are set up by a role that changes nothing the second time', async () => {
    expect(await machines.setUp()).toBe(0);
  });

  test('answer within 5 ms, connection and all, once they were asked before', async () => {
    await hosts.observe('nothing');
    const times: number[] = [];
    for (let round = 0; round < 50; round += 1) {
      const begun = performance.now();
      await hosts.observe('nothing');
      times.push(performance.now() - begun);
    }
    const [best] = times.toSorted((one, other) => one - other);
    expect(best).toBeLessThan(5);
  });

  test('go on with an artifact where a cut connection has left it', async () => {
    const artifact = await large('resumed', 200);
    const sizeOf = () =>
      exec('box1', `stat -c %s ${STATE}/incoming/${artifact.sha256}.part 2>/dev/null || true`).then(Number);
    // What has begun to receive it stands still, so that there is time to cut the connection.
    const receiving = waitUntil('a part of it', async () => {
      const found = (await sizeOf()) > MEGABYTE;
      if (found) await exec('box1', 'pkill -STOP -f "fairway-host [r]eceive"');
      return found;
    });
    let isInstalled = false;
    const installing = hosts.install('box1', artifact, fence).finally(() => {
      isInstalled = true;
    });
    await receiving;
    await cutHost(lab().name, 'box1');
    onTestFinished(() => healNetwork(lab().name));
    await waitUntil('the loss to be noticed', () => hosts.unreachable().has('box1'), 40_000);
    expect(isInstalled).toBe(false);
    const kept = await sizeOf();
    await healNetwork(lab().name, 'box1');
    let least = kept;
    await waitUntil(
      'the rest',
      async () => {
        const size = await sizeOf();
        if (size > 0) least = Math.min(least, size);
        return isInstalled;
      },
      60_000,
    );
    await installing;
    expect(kept).toBeGreaterThan(MEGABYTE);
    expect(least).toBe(kept);
    expect(await exec('box1', `stat -c %s ${STATE}/releases/resumed/r1/data`)).toBe(`${200 * MEGABYTE}`);
    expect(await exec('box1', `ls ${STATE}/incoming`)).toBe('');
  });

  test('unpack nothing of an artifact that was altered there, and take it anew', async () => {
    const artifact = await packArtifact(machines.scratch, 'altered', 'r1', sample);
    const { size } = statSync(artifact.file);
    const part = `${STATE}/incoming/${artifact.sha256}.part`;
    await exec('box1', `mkdir -p -m 700 ${STATE}/incoming; head -c ${size} /dev/urandom > ${part}`);
    const connection = await hosts.connection('box1');
    const { app, release, sha256 } = artifact;
    const request = JSON.stringify({ app, release, sha256, fence, offset: size, size });
    const refused = await connection
      .run([...HOST_PROGRAM, 'receive', request], { deadlineMs: 20_000 })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CommandFailed);
    expect((refused as CommandFailed).stdout).toContain('digest-mismatch');
    expect(await exec('box1', `ls -A ${STATE}/releases/altered 2>/dev/null || true`)).toBe('');

    await exec('box1', `head -c ${size} /dev/urandom > ${part}`);
    await hosts.install('box1', artifact, fence);
    expect(await exec('box1', `cat ${STATE}/releases/altered/r1/bin/greet`)).toContain('greetings');
  });

  test('say that their disk is full, and leave nothing half done on it', async () => {
    const artifact = await large('full', 5);
    await fillDisk(lab().name, 'box1');
    const refusal = await hosts.install('box1', artifact, fence).catch((error: unknown) => error);
    await freeDisk(lab().name, 'box1');
    expect(refusal).toMatchObject({ code: 'host-disk-full', host: 'box1' });
    expect(
      await exec('box1', `ls -A ${STATE}/incoming ${STATE}/releases/full 2>/dev/null || true`),
    ).not.toMatch(/part|unfinished|r1/);
    await hosts.install('box1', artifact, fence);
  });

  test('that hang meet a deadline, and do not hide the others', async () => {
    const first = await started('hanging');
    await started('hanging', {}, 'box2');
    await answers('box1', first.port);
    expect(await hosts.observe('hanging')).toHaveLength(2);
    await freezeSshd(lab().name, 'box1');
    onTestFinished(() => thawSshd(lab().name, 'box1'));
    const begun = Date.now();
    await expect(hosts.stop('box1', slotOf('hanging'), fence)).rejects.toMatchObject({
      code: 'deadline-met',
      host: 'box1',
      message: expect.stringContaining('box1') as string,
    });
    expect(Date.now() - begun).toBeLessThan(15_000);
    const seen = await hosts.observe('hanging');
    expect(seen.map(({ host, state }) => [host, state]).toSorted()).toEqual([
      ['box1', 'unknown'],
      ['box2', 'running'],
    ]);
    expect([...hosts.unreachable().keys()]).toEqual(['box1']);
    // What runs there goes on.
    await fetchFrom('box1', first.port);
    await thawSshd(lab().name, 'box1');
    await waitUntil('it to be back', async () => (await observed('hanging'))?.state === 'running', 40_000);
    expect(hosts.unreachable().size).toBe(0);
  });

  test('bring back by themselves what ran before they lost their power, and nothing else', async () => {
    const kept = await started('rebooted');
    const ended = await started('ended');
    await answers('box1', kept.port);
    await hosts.stop('box1', slotOf('ended'), fence);
    const ending = new AbortController();
    const changes = hosts.watch('rebooted', ending.signal)[Symbol.asyncIterator]();
    await changes.next();
    await killHost(lab().name, 'box1');
    await startHost(lab().name, 'box1');
    expect(JSON.parse((await answers('box1', kept.port))!)).toMatchObject({
      cwd: `${STATE}/releases/rebooted/r1`,
      env: kept.env,
    });
    const seen = await waitUntil('it to be seen', async () => {
      const process = await observed('rebooted');
      return process?.state === 'running' && process;
    });
    expect(seen).toMatchObject({ generation: 'r1+c1', port: kept.port, restarts: 0 });
    expect(await observed('ended')).toMatchObject({ state: 'stopped', port: ended.port });
    // The watch outlived it.
    const next = changes.next();
    await hosts.stop('box1', slotOf('rebooted'), fence);
    expect((await next).done).toBe(false);
    ending.abort();
  });

  test('are refused when they show another host key, in so many words', async () => {
    const controlDirectory = join(machines.scratch, 'd');
    mkdirSync(controlDirectory, { mode: 0o700 });
    const own = new SshHosts([
      { ...machines.targets.find(({ name }) => name === 'box2')!, controlDirectory },
    ]);
    const keys = '/etc/ssh';
    const fresh = `mkdir ${keys}/old && mv ${keys}/ssh_host_* ${keys}/old && ssh-keygen -A && systemctl restart ssh`;
    await exec('box2', fresh);
    const refusal = own.install('box2', await packArtifact(machines.scratch, 'key', 'r1', sample), fence);
    await expect(refusal).rejects.toMatchObject({ code: 'host-key-changed', host: 'box2' });
    await expect(refusal).rejects.toThrow(lab().knownHostsFile);
    expect(own.unreachable().get('box2')).toContain('another host key');
    await exec('box2', `rm ${keys}/ssh_host_*; mv ${keys}/old/* ${keys} && systemctl restart ssh`);
    await own.close();
  });

  test.each([
    ['observe', { app: '../../etc' }],
    ['observe', { app: 'a b' }],
    ['observe', { app: 'a\n' }],
    ['start', { slot: { app: 'web', instance: '../x', slot: 'a' } }],
    ['start', { slot: { app: 'web', instance: 'x', slot: 'c' } }],
    ['stop', { slot: 'web/x/a' }],
    ['offer', { app: 'web', release: '../r1', sha256: 'a'.repeat(64) }],
    ['offer', { app: 'web', release: 'r1', sha256: '../../../etc/shadow' }],
    ['prune', { app: 'web', keep: ['..'] }],
    ['logs', { app: 'web', lines: 1, after: '--vacuum-size=1' }],
    ['nothing', {}],
  ])('refuse what is not of the form it must have: %s %j', async (verb, given) => {
    const connection = await hosts.connection('box1');
    const { stdout } = await connection.run([...HOST_PROGRAM, 'session'], {
      input: `${JSON.stringify({ id: 1, verb, fence, ...given })}\n`,
      deadlineMs: 10_000,
    });
    expect(stdout).toContain('"code":"invalid"');
  });

  test.each([
    ['a way out of the release', { directory: '../..' }],
    ['an absolute folder', { directory: '/etc' }],
    ['a folder of PATH outside', { path: ['../../bin'] }],
    ['a variable that is none', { env: { 'A=B\nC': 'x' } }],
    ['a value that systemd would drop', { env: { A: 'x\u0001' } }],
  ])('refuse a launch with %s', async (_, changes) => {
    await install('hostile');
    const start = hosts.start('box1', slotOf('hostile'), launch(changes), fence);
    await expect(start).rejects.toMatchObject({ code: 'invalid' });
    expect(await observed('hostile')).toBeUndefined();
  });

  test('keep apps from each other, from what is secret, and from sudo', async () => {
    await started('one', { secrets: { TOKEN: 'of-one-alone' } });
    await install('two');
    const attempt = async (...words: string[]) => {
      const command = hosts.run('box1', 'two', launch({ command: words }), new AbortController().signal);
      const lines: string[] = [];
      for await (const line of command.lines) lines.push(line);
      return { exitCode: await command.exitCode, said: lines.join('\n') };
    };
    expect(await attempt('id', '-un')).toEqual({ exitCode: 0, said: 'fw-two' });
    for (const words of [
      ['cat', `${STATE}/slots/one/box1.a/env`],
      ['ls', `${STATE}/releases/one`],
      ['ls', `${STATE}/data/one`],
      ['touch', `${STATE}/releases/two/r1/changed`],
      ['touch', '/etc/changed'],
      ['sudo', '-n', '/usr/local/sbin/fairway-host', 'observe', 'one'],
      ['sh', '-c', 'cat /proc/*/environ | tr "\\0" "\\n" | grep of-one-alone'],
    ]) {
      expect((await attempt(...words)).exitCode, words.join(' ')).not.toBe(0);
    }
    expect((await attempt('sh', '-c', 'echo kept > ~/note && cat ~/note')).said).toBe('kept');
    const found = await exec('box1', `grep -rl of-one-alone ${STATE} /etc /run/systemd 2>/dev/null || true`);
    expect(found.trim()).toBe(`${STATE}/slots/one/box1.a/env`);
  });

  test('let nothing but their program be run by sudo', async () => {
    const connection = await hosts.connection('box1');
    for (const words of [['id'], ['sh', '-c', 'id'], ['/usr/bin/python3', '-c', '1']]) {
      await expect(connection.run(['sudo', '-n', ...words], { deadlineMs: 10_000 })).rejects.toMatchObject({
        code: 'command-failed',
      });
    }
  });

  test('give a thousand lines in the order in which they were written, over a broken connection too', async () => {
    const given = await started('talking');
    await answers('box1', given.port);
    const ending = new AbortController();
    const lines: LogLine[] = [];
    const reading = (async () => {
      for await (const line of hosts.logs('talking', { lines: 0, follow: true }, ending.signal))
        lines.push(line);
    })();
    const say = async (from: number, to: number) => {
      for (let count = from; count < to; count += 1)
        await fetchFrom('box1', given.port, `/say?line=${count}`);
    };
    // The reading has begun when it sees the first of these.
    await waitUntil('a first line', async () => {
      await fetchFrom('box1', given.port, '/say?line=begin');
      return lines.length > 0;
    });
    await say(0, 300);
    await exec('box1', 'pkill -KILL -f "^sshd: deployer"');
    await say(300, 1_000);
    await waitUntil('the last line', () => lines.at(-1)?.text === '999', 30_000);
    ending.abort();
    await reading;
    expect(lines.map(({ text }) => text).filter((text) => text !== 'begin')).toEqual(
      Array.from({ length: 1_000 }, (_, count) => `${count}`),
    );
  });
});
