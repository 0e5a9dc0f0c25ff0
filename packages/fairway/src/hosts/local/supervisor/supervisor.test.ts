import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create } from 'tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packArtifact, sha256 } from '../../../../test/support/artifact.ts';
import { freePort } from '../../../../test/support/free-port.ts';
import { LocalMachine } from '../../../../test/support/local-machine.ts';
import { waitUntil } from '../../../../test/support/wait-until.ts';
import type { SlotAddress } from '../../../rollout/slot.ts';
import { type Launch, type LogLine, StaleFence } from '../../hosts.ts';
import { ensureSupervisor } from '../ensure-supervisor.ts';
import { entryPoint } from '../entry-point.ts';
import type { LocalHosts } from '../local-hosts.ts';
import { socketPath } from '../socket-path.ts';
import { findProcess } from './process-table.ts';

const sample = fileURLToPath(new URL('../../../../test/support/hosts-app', import.meta.url));
const first: SlotAddress = { app: 'shop', instance: '1', slot: 'a' };
const second: SlotAddress = { app: 'shop', instance: '2', slot: 'a' };

describe('the supervisor', () => {
  let machine: LocalMachine;
  let hosts: LocalHosts;

  beforeEach(async () => {
    machine = new LocalMachine();
    ({ hosts } = machine);
    await hosts.install('local', await packArtifact(machine.scratch, 'shop', 'r1', sample), 1);
  });

  afterEach(() => machine.close());

  const launch = async (changes: Partial<Launch> = {}): Promise<Launch> => {
    const port = await freePort();
    return {
      generation: 'r1+c1',
      release: 'r1',
      command: ['node', 'app.mjs'],
      directory: '.',
      env: { PORT: String(port) },
      port,
      stopTimeoutMs: 2_000,
      ...changes,
    };
  };

  const start = async (slot: SlotAddress, changes: Partial<Launch> = {}): Promise<Launch> => {
    const given = await launch(changes);
    await hosts.start('local', slot, given, 1);
    await waitUntil('an answer', () => pidBehind(given.port));
    return given;
  };

  const pidBehind = async (port: number): Promise<number | undefined> => {
    try {
      return ((await (await fetch(`http://127.0.0.1:${port}/`)).json()) as { pid: number }).pid;
    } catch {
      return undefined;
    }
  };

  const seen = async (slot: SlotAddress) =>
    (await hosts.observe(slot.app)).find((process) => process.slot.instance === slot.instance);

  describe('as a process', () => {
    it('is one per state directory: a second one says so and ends well', async () => {
      const args = ['--state', machine.stateDirectory, '--socket', join(machine.scratch, 'other.sock')];
      const other = spawn(process.execPath, [entryPoint('hosts/local/supervisor/main'), ...args]);
      let said = '';
      other.stderr.on('data', (text) => {
        said += String(text);
      });
      const [code] = (await once(other, 'close')) as [number];
      expect(code).toBe(0);
      expect(said).toBe(`a supervisor runs already for ${machine.stateDirectory}\n`);
    });

    it('is one also when many want it at the same moment', async () => {
      await machine.killSupervisor();
      const clients = await Promise.all(Array.from({ length: 4 }, () => machine.supervisor()));
      const pids = await Promise.all(clients.map(async (client) => (await client.status()).pid));
      expect(new Set(pids).size).toBe(1);
      await Promise.all(clients.map((client) => client.close()));
      const supervisors = () => machine.processes().length === 1;
      await waitUntil('the superfluous ones to be gone', supervisors);
    });

    it('lets nobody else speak to it or read what it knows', () => {
      const socket = socketPath(machine.stateDirectory, 'supervisor/supervisor.sock');
      const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
      expect(mode(socket)).toBe('600');
      expect(mode(join(machine.stateDirectory, 'supervisor'))).toBe('700');
      expect(mode(join(machine.stateDirectory, 'supervisor/supervisor.json'))).toBe('600');
      expect(mode(join(machine.stateDirectory, 'hosts'))).toBe('700');
      expect(mode(join(machine.stateDirectory, 'hosts/local/releases/shop/r1'))).toBe('700');
    });

    it('of a copied state directory lets the instances of the original alone, and starts its own', async () => {
      const { port } = await start(first);
      const original = await pidBehind(port);
      const copy = join(machine.scratch, 'copy');
      cpSync(machine.stateDirectory, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') });
      const client = await ensureSupervisor({ stateDirectory: copy });
      const slots = await client.get<readonly { pid?: number }[]>('/slots?app=shop');
      expect(slots.map(({ pid }) => pid)).not.toContain(original);
      await client.shutdown({ stopInstances: true });
      expect(await pidBehind(port)).toBe(original);
    });

    it('refuses to guess when its record is damaged, and names the file', async () => {
      await machine.killSupervisor();
      const record = join(machine.stateDirectory, 'supervisor/supervisor.json');
      const good = readFileSync(record);
      writeFileSync(record, '{"version":1,"slots":"?"}');
      const refused = ensureSupervisor({ stateDirectory: machine.stateDirectory });
      await expect(refused)
        .rejects.toThrow(/supervisor\.json cannot be read[\s\S]*Put a backup/)
        .finally(() => {
          writeFileSync(record, good);
        });
    });

    it('answers a request that makes no sense with what is wrong, and changes nothing', async () => {
      const client = await machine.supervisor();
      const slot = { app: '../../etc', instance: '1', slot: 'c' };
      const refused = client.post('/stop', { slot, fence: -1 });
      await expect(refused).rejects.toMatchObject({ code: 'bad-request' });
      await expect(refused).rejects.toThrow(/slot\.app[\s\S]*slot\.slot|plain name/);
      await client.close();
    });
  });

  describe('after it was killed', () => {
    it('takes up the instances as they are: same processes, and still able to restart and to stop them', async () => {
      const one = await start(first);
      const two = await start(second);
      const pids = [await pidBehind(one.port), await pidBehind(two.port)];
      await machine.killSupervisor();
      expect([await pidBehind(one.port), await pidBehind(two.port)]).toEqual(pids);
      expect([(await seen(first))?.pid, (await seen(second))?.pid]).toEqual(pids);
      expect(await seen(first)).toMatchObject({ state: 'running', restarts: 0 });

      process.kill(pids[0]!, 'SIGKILL');
      const again = await waitUntil('a restart', async () => {
        const process = await seen(first);
        return process?.restarts === 1 && process.state === 'running' && process;
      });
      expect(again.pid).not.toBe(pids[0]);
      await hosts.stop('local', second, 1);
      expect(findProcess(pids[1]!)).toBeUndefined();
      expect((await seen(second))?.state).toBe('stopped');
    });

    it('starts what ended while it was away, and counts that', async () => {
      const { port } = await start(first);
      const pid = (await pidBehind(port))!;
      await machine.killSupervisor();
      process.kill(pid, 'SIGKILL');
      await waitUntil('its end', () => !findProcess(pid));
      await machine.supervisorPid();
      await waitUntil('an answer', () => pidBehind(port));
      expect(await seen(first)).toMatchObject({
        restarts: 1,
        lastExit: { reason: 'ended while no supervisor ran' },
      });
    });

    it('ends a process that was started but not yet on record, and starts one in its place', async () => {
      const { port } = await start(first);
      const pid = (await pidBehind(port))!;
      await machine.killSupervisor();
      editRecord(machine, (record) => {
        delete record.slots[0]!.process;
      });
      await machine.supervisorPid();
      await waitUntil('the end of the stray', () => !findProcess(pid));
      expect(await waitUntil('an answer', () => pidBehind(port))).toBe((await seen(first))?.pid);
    });

    it('does not take another process for its own that was given the same pid', async () => {
      const { port } = await start(first);
      const pid = (await pidBehind(port))!;
      await machine.killSupervisor();
      process.kill(pid, 'SIGKILL');
      const stranger = spawn('sleep', ['60'], { detached: true });
      editRecord(machine, (record) => {
        record.slots[0]!.process!.pid = stranger.pid!;
      });
      await machine.supervisorPid();
      await waitUntil('an answer', () => pidBehind(port));
      await hosts.stop('local', first, 1);
      expect(findProcess(stranger.pid!)).toBeDefined();
      process.kill(stranger.pid!, 'SIGKILL');
    });

    it('still refuses an older lease', async () => {
      await hosts.stop('local', first, 7);
      await machine.killSupervisor();
      await expect(hosts.stop('local', first, 6)).rejects.toBeInstanceOf(StaleFence);
    });

    it('ends one-off commands that it had started: nobody hears them any more', async () => {
      const given = await launch();
      const command = hosts.run('local', 'shop', given, new AbortController().signal);
      const pid = (await waitUntil('an answer', () => pidBehind(given.port)))!;
      await machine.killSupervisor();
      await expect(command.exitCode).rejects.toThrow();
      await machine.supervisorPid();
      expect(findProcess(pid)).toBeUndefined();
    });

    it('lets a watch go on with the next supervisor', async () => {
      const ending = new AbortController();
      const changes = hosts.watch('shop', ending.signal)[Symbol.asyncIterator]();
      await changes.next();
      await machine.killSupervisor();
      await start(first);
      while (!(await seen(first))?.pid) await changes.next();
      ending.abort();
      while (!(await changes.next()).done);
    });

    it('removes what an interrupted installation left', async () => {
      const folder = join(machine.stateDirectory, 'hosts/local/releases/shop');
      await machine.killSupervisor();
      mkdirSync(join(folder, '.unfinished-123/deep'), { recursive: true });
      await machine.supervisorPid();
      await waitUntil('its removal', () => readdirSync(folder).join() === 'r1');
    });

    it('goes on with a stop that was under way, and answers in the meantime', async () => {
      const port = await freePort();
      const { stopTimeoutMs } = await start(first, {
        port,
        env: { PORT: String(port), IGNORE_SIGTERM: '1' },
        stopTimeoutMs: 1_500,
      });
      const pid = (await pidBehind(port))!;
      // Asked without the adapter, which would repeat what the dying supervisor did not answer.
      const dying = await machine.supervisor();
      const stopping = dying.post('/stop', { slot: first, fence: 1 }).catch(() => dying.close());
      await waitUntil('the stop', async () => (await seen(first))?.state === 'stopping');
      await machine.killSupervisor();
      const killedAt = Date.now();
      const client = await machine.supervisor();
      expect((await seen(first))?.state).toBe('stopping');
      expect(findProcess(pid)).toBeDefined();
      await client.close();
      await stopping;
      await waitUntil('the end of the stop', async () => (await seen(first))?.state === 'stopped');
      expect(Date.now() - killedAt).toBeGreaterThanOrEqual(stopTimeoutMs);
      expect(findProcess(pid)).toBeUndefined();
    });
  });

  it('brings everything back after a reboot, and leaves alone what was stopped', async () => {
    const one = await start(first);
    const two = await start(second);
    const gone: SlotAddress = { ...first, slot: 'b' };
    await start(gone);
    await hosts.stop('local', gone, 1);
    await machine.killSupervisor();
    for (const { port } of [one, two]) process.kill((await pidBehind(port))!, 'SIGKILL');
    editRecord(machine, (record) => {
      record.boot = 'the boot before';
    });
    await machine.supervisorPid();
    for (const { port } of [one, two]) await waitUntil('an answer', () => pidBehind(port));
    const states = (await hosts.observe('shop')).map(({ state, restarts }) => ({ state, restarts }));
    expect(states).toEqual([
      { state: 'running', restarts: 0 },
      { state: 'running', restarts: 0 },
      { state: 'stopped', restarts: 0 },
    ]);
  });

  it('leaves the instances running when it is told to end alone', async () => {
    const { port } = await start(first);
    const pid = await pidBehind(port);
    const client = await machine.supervisor();
    await client.shutdown({ stopInstances: false });
    expect(await pidBehind(port)).toBe(pid);
    expect((await seen(first))?.pid).toBe(pid);
  });

  it('brings back, after it was told to end with everything, what was wanted then', async () => {
    const [one, two] = [await start(first), await start(second)];
    await hosts.stop('local', second, 1);
    const client = await machine.supervisor();
    await client.shutdown({ stopInstances: true });
    expect(machine.processes()).toEqual([]);
    await machine.supervisorPid();
    await waitUntil('an answer', () => pidBehind(one.port));
    expect(await seen(first)).toMatchObject({ state: 'running', restarts: 0 });
    expect(await seen(second)).toMatchObject({ state: 'stopped' });
    expect(await pidBehind(two.port)).toBeUndefined();
  });

  it('waits longer after each crash in a row', async () => {
    await hosts.start(
      'local',
      first,
      await launch({ command: ['node', '-e', 'console.log(Date.now())'] }),
      1,
    );
    await waitUntil('five starts', async () => ((await seen(first))?.restarts ?? 0) >= 5);
    const starts: number[] = [];
    const query = { lines: 9, follow: false };
    for await (const line of hosts.logs('shop', query, new AbortController().signal))
      starts.push(Number(line.text));
    const pauses = starts.slice(1, 5).map((time, index) => time - starts[index]!);
    const [one = 0, two = 0, three = 0, four = 0] = pauses;
    expect(one).toBeGreaterThanOrEqual(100);
    expect(two).toBeGreaterThanOrEqual(200);
    expect(three).toBeGreaterThanOrEqual(400);
    expect(four).toBeGreaterThanOrEqual(800);
  });

  it('counts the memory of an instance together with that of its children', async () => {
    const megabytes = 120;
    const child = `const held = Buffer.alloc(${megabytes} * 1024 * 1024, 1); setInterval(() => held, 1000)`;
    const script = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]); setInterval(() => {}, 1000)`;
    const memoryLimitBytes = 150 * 1024 * 1024;
    await hosts.start('local', first, await launch({ command: ['node', '-e', script], memoryLimitBytes }), 1);
    const ended = await waitUntil('its end', async () => (await seen(first))?.lastExit);
    expect(ended.reason).toMatch(/^over its memory limit of 150 MB/);
  });

  it('sets logs aside while an instance writes; no line is lost or out of order, also for a follower', async () => {
    const script = `
      let number = 0;
      const timer = setInterval(() => {
        let chunk = '';
        for (let i = 0; i < 50; i += 1) chunk += 'line ' + number++ + '\\n';
        process.stdout.write(chunk);
        if (number >= 7000) clearInterval(timer), setInterval(() => {}, 1000);
      }, 20);`;
    const log = { maxBytes: 10_000, keep: 50 };
    const ending = new AbortController();
    const followed: LogLine[] = [];
    const following = (async () => {
      for await (const line of hosts.logs('shop', { lines: 0, follow: true }, ending.signal))
        followed.push(line);
    })();
    await hosts.start('local', first, await launch({ command: ['node', '-e', script], log }), 1);
    await waitUntil('all lines', () => followed.length >= 7000, 15_000);
    ending.abort();
    await following;
    const expected = Array.from({ length: 7000 }, (_, number) => `line ${number}`);
    expect(followed.map((line) => line.text)).toEqual(expected);
    const kept: string[] = [];
    for await (const line of hosts.logs(
      'shop',
      { lines: 9999, follow: false },
      new AbortController().signal,
    )) {
      kept.push(line.text);
    }
    expect(kept).toEqual(expected);
    const files = readdirSync(join(machine.stateDirectory, 'hosts/local/logs/shop'));
    expect(files.length).toBeGreaterThan(2);
  });

  it('ends a one-off command when whoever asked for it dies', async () => {
    const given = await launch();
    const body = { id: 'hook', host: 'local', app: 'shop', launch: given };
    const client = await machine.supervisor();
    void (async () => {
      for await (const _ of client.lines('/run', body, new AbortController().signal));
    })().catch(() => undefined);
    const pid = (await waitUntil('an answer', () => pidBehind(given.port)))!;
    await client.close();
    await waitUntil('its end', () => !findProcess(pid));
  });

  describe('asked to install an artifact that reaches out of its folder', () => {
    const refuse = async (entries: { path: string; symlink?: string }[]) => {
      const folder = join(machine.scratch, 'bad/deep');
      mkdirSync(folder, { recursive: true });
      for (const { path, symlink } of entries) {
        if (symlink === undefined) writeFileSync(resolve(folder, path), 'bad');
        else symlinkSync(symlink, resolve(folder, path));
      }
      const file = join(machine.scratch, 'bad.tar.gz');
      const paths = entries.map(({ path }) => path);
      await create({ file, gzip: true, cwd: folder, preservePaths: true }, paths);
      const artifact = { app: 'shop', release: 'bad', file, sha256: sha256(file) };
      await expect(hosts.install('local', artifact, 1)).rejects.toThrow(/cannot be unpacked safely/);
      const releases = join(machine.stateDirectory, 'hosts/local/releases/shop');
      expect(readdirSync(releases)).toEqual(['r1']);
    };

    it('by a path with ..', () => refuse([{ path: '../escaped.txt' }]));
    it('by an absolute path', () => refuse([{ path: join(machine.scratch, 'absolute.txt') }]));
    it('by a symbolic link', () => refuse([{ path: 'link', symlink: '../../../../../../etc' }]));
  });
});

interface EditableRecord {
  boot: string;
  slots: { process?: { pid: number } }[];
}

function editRecord(machine: LocalMachine, edit: (record: EditableRecord) => void): void {
  const file = join(machine.stateDirectory, 'supervisor/supervisor.json');
  const record = JSON.parse(readFileSync(file, 'utf8')) as EditableRecord;
  edit(record);
  writeFileSync(file, JSON.stringify(record));
}
