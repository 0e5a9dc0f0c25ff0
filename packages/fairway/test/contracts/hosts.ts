import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Artifact,
  DigestMismatch,
  type Hosts,
  type Launch,
  type LogLine,
  ReleaseMissing,
  SlotOccupied,
  type SlotProcess,
  StaleFence,
} from '../../src/hosts/hosts.ts';
import type { SlotAddress } from '../../src/rollout/slot.ts';
import { packArtifact } from '../support/artifact.ts';
import { waitUntil } from '../support/wait-until.ts';

/** One adapter, ready to be tried. */
export interface HostsUnderTest {
  readonly hosts: Hosts;
  /** A host of it, and where its ports are reached from here. */
  readonly host: string;
  readonly address: string;
  /** An empty folder on this machine, removed by `close`. */
  readonly scratch: string;
  /** Where Node lies on the host. */
  readonly node: string;
  /** False on a machine whose kernel is not told to, such as a lab's under control groups of version 1. */
  readonly canLimitMemory: boolean;
  /** A port on the host that nothing listens on. */
  freePort(): Promise<number>;
  /** Stops everything that the suite left. */
  close(): Promise<void>;
}

const sample = fileURLToPath(new URL('../support/hosts-app', import.meta.url));

interface AppFacts {
  readonly pid: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
}

/** The suite that every adapter of the port `hosts/hosts.ts` must pass. */
export function hostsContract(adapter: string, open: () => Promise<HostsUnderTest>): void {
  describe(`Hosts: ${adapter}`, () => {
    let world: HostsUnderTest;
    let hosts: Hosts;
    let host: string;
    /** Each test has an app of its own, with release `r1` installed. */
    let app: string;
    let slot: SlotAddress;
    let count = 0;
    const fence = 5;

    beforeAll(async () => {
      world = await open();
      ({ hosts, host } = world);
    });

    afterAll(() => world.close());

    beforeEach(async () => {
      count += 1;
      app = `app${count}`;
      slot = { app, instance: '1', slot: 'a' };
      await hosts.install(host, await artifact('r1'), fence);
    });

    const artifact = (release: string): Promise<Artifact> =>
      packArtifact(world.scratch, app, release, sample);

    const launch = async (changes: Partial<Launch> = {}): Promise<Launch> => {
      const port = changes.port ?? (await world.freePort());
      const { env, ...others } = changes;
      return {
        generation: 'r1+c1',
        release: 'r1',
        command: ['node', 'app.mjs'],
        directory: '.',
        port,
        stopTimeoutMs: 5_000,
        ...others,
        env: { PORT: String(port), LISTEN: world.address === '127.0.0.1' ? '127.0.0.1' : '0.0.0.0', ...env },
      };
    };

    const request = async (port: number, path: string): Promise<string> => {
      const answer = await fetch(`http://${world.address}:${port}${path}`, {
        headers: { connection: 'close' },
      });
      return answer.text();
    };

    const facts = async (port: number): Promise<AppFacts> =>
      JSON.parse(
        await waitUntil(`an answer on port ${port}`, () => request(port, '/').catch(() => undefined)),
      ) as AppFacts;

    const isDown = async (port: number): Promise<boolean> => {
      try {
        await request(port, '/');
        return false;
      } catch {
        return true;
      }
    };

    const observed = async (where: SlotAddress = slot): Promise<SlotProcess | undefined> =>
      (await hosts.observe(where.app)).find(
        (process) => process.slot.instance === where.instance && process.slot.slot === where.slot,
      );

    const started = async (changes: Partial<Launch> = {}): Promise<Launch> => {
      const given = await launch(changes);
      await hosts.start(host, slot, given, fence);
      await facts(given.port);
      return given;
    };

    describe('install', () => {
      it('refuses an artifact with another digest, and leaves nothing of it', async () => {
        const wrong = { ...(await artifact('r2')), sha256: 'ab'.repeat(32) };
        const refusal = await hosts.install(host, wrong, fence).catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(DigestMismatch);
        expect(String(refusal)).toContain('ab'.repeat(32));
        const start = hosts.start(host, slot, await launch({ generation: 'r2+c1', release: 'r2' }), fence);
        await expect(start).rejects.toBeInstanceOf(ReleaseMissing);
      });

      it('can be repeated, also while an instance runs in the release', async () => {
        const { port } = await started();
        await hosts.install(host, await artifact('r1'), fence);
        await hosts.install(host, { ...(await artifact('r1')), file: '/nowhere' }, fence);
        expect((await facts(port)).pid).toBe((await observed())?.pid);
      });

      it('keeps modes, so that a program of the release can be run', async () => {
        const command = hosts.run(host, app, await launch({ command: ['./bin/greet', 'you'] }), never());
        expect(await all(command.lines)).toEqual(['greetings, you']);
      });
    });

    describe('start', () => {
      it('runs the command in its directory with exactly the environment given, and PATH, HOME and LANG', async () => {
        const { port, env } = await started({
          directory: 'public',
          command: ['node', '../app.mjs', '--port=${PORT}', '${GREETING} there', '${UNKNOWN}'],
          env: { GREETING: 'hello' },
        });
        const app = await facts(port);
        expect(app.cwd).toMatch(/\/r1\/public$/);
        expect(app.argv).toEqual([`--port=${port}`, 'hello there', '${UNKNOWN}']);
        const { PATH, HOME, LANG, ...others } = app.env;
        expect(others).toEqual(env);
        expect([PATH, HOME, LANG].every((value) => (value ?? '').length > 0)).toBe(true);
      });

      it("puts the launch's folders in front of PATH", async () => {
        const { port } = await started({
          path: ['bin', 'node_modules/.bin'],
          env: { PATH: '/usr/bin:/bin' },
          command: ['/usr/bin/env', world.node, 'app.mjs'],
        });
        expect((await facts(port)).env.PATH).toMatch(
          /\/r1\/bin:[^:]*\/r1\/node_modules\/\.bin:\/usr\/bin:\/bin$/,
        );
        const command = hosts.run(
          host,
          app,
          await launch({ path: ['bin'], command: ['greet', 'all'] }),
          never(),
        );
        expect(await all(command.lines)).toEqual(['greetings, all']);
      });

      it('gives secrets to the process and never to its arguments, after a crash too', async () => {
        const secrets = {
          PASSWORD: 'line one\nline "two" $HOME \\ \'пароль\' 🔑',
          LONG: 'x'.repeat(64 * 1024),
        };
        const { port } = await started({
          command: ['node', 'app.mjs', '${PASSWORD}'],
          env: { GREETING: 'hello' },
          secrets,
        });
        const first = await facts(port);
        expect(first.env).toMatchObject({ ...secrets, GREETING: 'hello' });
        expect(first.argv).toEqual(['${PASSWORD}']);
        await request(port, '/exit?code=1').catch(() => undefined);
        const again = await waitUntil('another process', async () => {
          const { pid, env } = await facts(port);
          return pid === first.pid ? undefined : env;
        });
        expect(again).toMatchObject(secrets);
      });

      it('gives a slot the secrets of its present launch, and no others', async () => {
        const { port } = await started({ secrets: { ONE: 'first one', TWO: 'first two' } });
        await hosts.stop(host, slot, fence);
        await hosts.start(
          host,
          slot,
          await launch({ port, generation: 'r1+c2', secrets: { ONE: 'second' } }),
          fence,
        );
        const { env } = await facts(port);
        expect(env.ONE).toBe('second');
        expect(env).not.toHaveProperty('TWO');
      });

      it('does nothing when that generation runs there, and refuses another one', async () => {
        const given = await started();
        const { pid } = await facts(given.port);
        await hosts.start(host, slot, given, fence);
        const other = hosts.start(host, slot, { ...given, generation: 'r1+c2' }, fence);
        await expect(other).rejects.toBeInstanceOf(SlotOccupied);
        expect((await facts(given.port)).pid).toBe(pid);
      });

      it('refuses a release that is not installed', async () => {
        const missing = hosts.start(host, slot, await launch({ release: 'r9', generation: 'r9+c1' }), fence);
        await expect(missing).rejects.toThrow(/release r9 is not installed/);
        expect(await observed()).toBeUndefined();
      });

      it('starts again what ends by itself, and tells how it ended', async () => {
        const { port } = await started();
        const { pid } = await facts(port);
        await request(port, '/exit?code=3').catch(() => undefined);
        const again = await waitUntil('a restart', async () => {
          const process = await observed();
          return process?.restarts === 1 && process.state === 'running' && process;
        });
        expect(again.lastExit?.reason).toBe('exit code 3');
        expect(again.pid).not.toBe(pid);
        expect((await facts(port)).pid).toBe(again.pid);
      });

      it('tells why a command cannot be started, and tries again ever later', async () => {
        await hosts.start(host, slot, await launch({ command: ['no-such-program'] }), fence);
        const waiting = await waitUntil('three attempts', async () => {
          const process = await observed();
          return process && process.restarts >= 3 && process.state === 'backoff' && process;
        });
        expect(waiting.lastExit?.reason).toMatch(/^could not be started: ENOENT no-such-program/);
        expect(waiting.nextStartAt! - waiting.lastExit!.at).toBeGreaterThanOrEqual(300);
        await hosts.stop(host, slot, fence);
        expect((await observed())?.state).toBe('stopped');
      });

      it('restarts an instance whose process group needs more memory than its limit', async ({ skip }) => {
        if (!world.canLimitMemory) skip('memory cannot be limited there');
        const megabyte = 1024 * 1024;
        const { port } = await started({ memoryLimitBytes: 160 * megabyte });
        await request(port, `/allocate?bytes=${200 * megabyte}`).catch(() => undefined);
        const again = await waitUntil('a restart', async () => {
          const process = await observed();
          return process?.restarts === 1 && process;
        });
        expect(again.lastExit?.reason).toMatch(/^over its memory limit of 160 MB \(used \d+ MB\)$/);
      });
    });

    describe('stop', () => {
      it('lets an answer that is under way end', async () => {
        const { port } = await started();
        const slow = request(port, '/slow?ms=400');
        await waitUntil('the request to be under way', () => request(port, '/').then(() => true));
        await hosts.stop(host, slot, fence);
        expect(await slow).toBe('finished');
        const stopped = await observed();
        expect(stopped).toMatchObject({ state: 'stopped', restarts: 0, lastExit: { reason: 'exit code 0' } });
        expect(stopped).not.toHaveProperty('pid');
      });

      it('ends, at the deadline, also children of a program that ignore SIGTERM', async () => {
        const childPort = await world.freePort();
        const { port } = await started({
          stopTimeoutMs: 300,
          env: { IGNORE_SIGTERM: '1', CHILD_PORT: String(childPort) },
        });
        await facts(childPort);
        const begun = Date.now();
        await hosts.stop(host, slot, fence);
        expect(await isDown(port)).toBe(true);
        expect(await isDown(childPort)).toBe(true);
        expect(Date.now() - begun).toBeGreaterThanOrEqual(300);
        expect((await observed())?.lastExit?.reason).toBe('killed by SIGKILL');
      });

      it('ends children that outlived their parent', async () => {
        const childPort = await world.freePort();
        const { port } = await started({ stopTimeoutMs: 300, env: { CHILD_PORT: String(childPort) } });
        const child = await facts(childPort);
        await hosts.stop(host, slot, fence);
        expect(await isDown(port)).toBe(true);
        expect(await isDown(childPort)).toBe(true);
        expect(child.pid).toBeGreaterThan(0);
      });

      it('does nothing in a slot that is stopped or not known', async () => {
        await started();
        await hosts.stop(host, slot, fence);
        await hosts.stop(host, slot, fence);
        await hosts.stop(host, { app, instance: 'unknown', slot: 'b' }, fence);
      });

      it('makes room for another generation', async () => {
        const { port } = await started();
        await hosts.stop(host, slot, fence);
        await started({ port, generation: 'r1+c2', env: { COLOUR: 'green' } });
        expect((await facts(port)).env.COLOUR).toBe('green');
        expect(await observed()).toMatchObject({ generation: 'r1+c2', state: 'running', restarts: 0 });
      });
    });

    describe('observe and watch', () => {
      it('tells of every slot of the app, running or not, and of no other app', async () => {
        const { port } = await started();
        const spare: SlotAddress = { app, instance: '1', slot: 'b' };
        const given = await launch();
        await hosts.start(host, spare, given, fence);
        await hosts.stop(host, spare, fence);
        const { pid } = await facts(port);
        const seen = [...(await hosts.observe(app))].sort((x, y) => x.slot.slot.localeCompare(y.slot.slot));
        expect(seen).toMatchObject([
          { slot, host, state: 'running', generation: 'r1+c1', port, pid },
          { slot: spare, host, state: 'stopped', generation: 'r1+c1', port: given.port },
        ]);
        expect(await hosts.observe('another-app')).toEqual([]);
      });

      it('yields at a start and at an exit, and ends when the signal aborts', async () => {
        const ending = new AbortController();
        const changes = hosts.watch(app, ending.signal)[Symbol.asyncIterator]();
        const { port } = await started();
        await afterChanges(changes, async () => (await observed())?.state === 'running');
        void request(port, '/exit?code=1').catch(() => undefined);
        await afterChanges(changes, async () => (await observed())?.restarts === 1);
        ending.abort();
        await waitUntil('the end of the watch', async () => (await changes.next()).done);
      });
    });

    describe('logs', () => {
      it('gives the last lines of each slot, or of one instance only', async () => {
        const { port } = await started();
        for (const line of ['one', 'two', 'three']) await request(port, `/say?line=${line}`);
        const second: SlotAddress = { app, instance: '2', slot: 'a' };
        const other = await launch();
        await hosts.start(host, second, other, fence);
        await facts(other.port);
        const query = { lines: 2, follow: false };
        const both = await all(hosts.logs(app, query, never()));
        expect(texts(both, '1')).toEqual(['two', 'three']);
        expect(texts(both, '2')).toEqual(['listening']);
        const one = await all(hosts.logs(app, { ...query, instance: '1' }, never()));
        expect(one.map((line) => line.text)).toEqual(['two', 'three']);
      });

      it('gives, where only that is wanted, what was written since the last start of a generation', async () => {
        const { port } = await started();
        await request(port, '/say?line=old');
        await hosts.stop(host, slot, fence);
        const query = { lines: 9, sinceStart: true, follow: false };
        const next = await launch({ generation: 'r1+c2' });
        await hosts.start(host, slot, next, fence);
        await facts(next.port);
        await request(next.port, '/exit?code=1').catch(() => undefined);
        await waitUntil('a restart', async () => (await observed())?.restarts === 1);
        await facts(next.port);
        expect(texts(await all(hosts.logs(app, query, never())), '1')).toEqual(['listening', 'listening']);
      });

      it('follows, also into a slot that is started later, until the signal aborts', async () => {
        const { port } = await started();
        const ending = new AbortController();
        const lines: LogLine[] = [];
        const reading = (async () => {
          for await (const line of hosts.logs(app, { lines: 1, follow: true }, ending.signal))
            lines.push(line);
        })();
        await waitUntil('the last line', () => lines.length === 1);
        await request(port, '/say?line=new');
        await waitUntil('the new line', () => texts(lines, '1').includes('new'));
        const later = await launch();
        await hosts.start(host, { app, instance: '2', slot: 'b' }, later, fence);
        await waitUntil('a line of the new slot', () => texts(lines, '2').includes('listening'));
        ending.abort();
        await reading;
        expect(lines.map((line) => line.text)).toEqual(['listening', 'new', 'listening']);
      });
    });

    describe('run', () => {
      it("gives a command's output line by line, then its exit code, in the environment of the launch", async () => {
        const script = 'echo "$COLOUR $PWD"; echo oops >&2; exit 4';
        const command = hosts.run(
          host,
          app,
          await launch({ command: ['sh', '-c', script], directory: 'public', env: { COLOUR: 'blue' } }),
          never(),
        );
        const lines = await all(command.lines);
        expect(lines.toSorted()[0]).toMatch(/^blue .*\/r1\/public$/);
        expect(lines).toContain('oops');
        expect(await command.exitCode).toBe(4);
      });

      it('ends the command and its children when the signal aborts', async () => {
        const ending = new AbortController();
        const given = await launch({ stopTimeoutMs: 200, env: { IGNORE_SIGTERM: '1' } });
        const command = hosts.run(host, app, given, ending.signal);
        await facts(given.port);
        ending.abort();
        expect(await command.exitCode).toBe(128 + 9);
        expect(await isDown(given.port)).toBe(true);
      });

      it('tells why a command cannot be started', async () => {
        const command = hosts.run(host, app, await launch({ command: ['no-such-program'] }), never());
        expect((await all(command.lines)).join()).toContain('ENOENT no-such-program');
        expect(await command.exitCode).toBe(127);
      });

      it.each([
        ['names no program', ['']],
        ['is longer than the system takes', ['./bin/greet', 'x'.repeat(3_000_000)]],
      ])('tells so of a command that %s', async (_, words) => {
        const command = hosts.run(host, app, await launch({ command: words }), never());
        expect((await all(command.lines)).join()).toContain('could not be started');
        expect(await command.exitCode).toBe(127);
      });

      it('refuses a release that is not installed', async () => {
        const command = hosts.run(host, app, await launch({ release: 'r9' }), never());
        await expect(command.exitCode).rejects.toBeInstanceOf(ReleaseMissing);
      });
    });

    describe('prune', () => {
      it('removes what is neither kept nor running', async () => {
        for (const release of ['r2', 'r3']) await hosts.install(host, await artifact(release), fence);
        await started();
        await hosts.prune(host, app, ['r2'], fence);
        const again = (release: string) =>
          launch({ command: ['true'], release }).then(
            (given) => hosts.run(host, app, given, never()).exitCode,
          );
        expect(await again('r1')).toBe(0);
        expect(await again('r2')).toBe(0);
        await expect(again('r3')).rejects.toBeInstanceOf(ReleaseMissing);
      });
    });

    describe('fences', () => {
      it('refuse every change under an older lease of the app, and change nothing', async () => {
        const given = await started();
        const { pid } = await facts(given.port);
        await hosts.start(host, slot, given, fence + 1);
        const other: SlotAddress = { app, instance: '2', slot: 'a' };
        const late = [
          hosts.install(host, await artifact('r2'), fence),
          hosts.start(host, other, await launch(), fence),
          hosts.stop(host, slot, fence),
          hosts.prune(host, app, [], fence),
        ];
        for (const refused of await Promise.allSettled(late)) {
          expect(refused).toMatchObject({ status: 'rejected', reason: expect.any(StaleFence) as unknown });
        }
        expect((await hosts.observe(app)).map((process) => process.pid)).toEqual([pid]);
      });

      it('of one app do not hold for another', async () => {
        await hosts.stop(host, slot, fence + 100);
        await hosts.stop(host, { ...slot, app: `${app}-other` }, 1);
      });
    });

    async function afterChanges(
      changes: AsyncIterator<void>,
      reached: () => Promise<boolean>,
    ): Promise<void> {
      while (!(await reached())) {
        const change = await changes.next();
        expect(change.done).not.toBe(true);
      }
    }
  });
}

function never(): AbortSignal {
  return new AbortController().signal;
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const taken: Item[] = [];
  for await (const item of items) taken.push(item);
  return taken;
}

function texts(lines: readonly LogLine[], instance: string): string[] {
  return lines.filter((line) => line.slot.instance === instance).map((line) => line.text);
}
