import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ControlServer } from '../../../demo/src/demo/control.ts';
import { processesOf } from '../../../demo/src/demo/left-behind.ts';
import { LoadGenerator } from '../../../demo/src/load/generator.ts';
import { visitorMix } from '../../../demo/src/load/mix.ts';
import type { Target } from '../../../demo/src/load/request.ts';
import { isAlive } from '../../src/cli/client/location.ts';
import { waitUntil } from '../support/wait-until.ts';
import { Look } from './look.ts';
import { killEverything } from './power-failure.ts';
import { Pushing } from './pushing.ts';
import { Rehearsal } from './rehearsal.ts';
import { visit } from './visit.ts';

const INSTANCES = 3;
let production: Rehearsal;
let look: Look;
let target: Target;
/** The commit that serves before each case. */
let standing: string;

beforeAll(async () => {
  production = await Rehearsal.start({ instances: INSTANCES });
  look = new Look(production);
  target = await production.target();
  standing = await production.change();
  expect((await production.push()).output).toContain('succeeded');
});

afterAll(async () => {
  expect(await production.end()).toEqual([]);
});

/** 100 visitors a second while the work lasts, at least 2 s; says how many got no answer, and examples of why. */
async function visitedDuring(
  work: () => Promise<unknown>,
  kinds = visitorMix(),
): Promise<{ readonly sent: number; readonly failed: number; readonly examples: readonly string[] }> {
  const load = new LoadGenerator({ target, kinds, perSecond: 100, atMost: 6_000 });
  load.start();
  try {
    await waitUntil('50 visitors', () => load.tally.sent >= 50);
    await work();
    await waitUntil('200 visitors', () => load.tally.sent >= 200);
  } finally {
    await load.stop();
  }
  const { sent, failed, examples } = load.tally.totals();
  return { sent, failed, examples: failed === 0 ? [] : examples };
}

async function expectAllToServe(commit: string): Promise<void> {
  const release = commit.slice(0, 12);
  await expect
    .poll(() => look.serving(), { timeout: 15_000, interval: 20 })
    .toEqual({ 1: release, 2: release, 3: release });
}

async function serveAgain(): Promise<void> {
  production.control = await ControlServer.start(production.workspace);
}

describe('when a process is killed', () => {
  it('an instance: it is started again, and no GET is lost', async () => {
    const gets = visitorMix().filter(({ method }) => method === 'GET');
    const before = await look.pids();
    const outcome = await visitedDuring(async () => {
      process.kill(before['2/a']!, 'SIGKILL');
      await expect
        .poll(async () => (await look.pids())['2/a'] ?? before['2/a'], { timeout: 10_000 })
        .not.toBe(before['2/a']);
      await expectAllToServe(standing);
    }, gets);
    expect(outcome).toEqual({ sent: expect.any(Number), failed: 0, examples: [] });
    expect(await look.pids()).toMatchObject({ '1/a': before['1/a'], '3/a': before['3/a'] });
  });

  it('the balancer: who comes afterwards waits and is served, by one that knows what the last one knew', async () => {
    const { pid } = await production.balancer.ready();
    const { pools } = await production.balancer.observe();
    process.kill(pid, 'SIGKILL');
    const from = performance.now();
    const visits = await Promise.all(Array.from({ length: 20 }, () => visit(target, 'hello.localhost')));
    expect(visits.map(({ status }) => status)).toEqual(visits.map(() => 200));
    expect(performance.now() - from).toBeLessThan(5_000);
    expect((await production.balancer.ready()).pid).not.toBe(pid);
    const registered = ({ servers }: { servers: readonly object[] }) =>
      servers.map((server) => ({ ...server, healthy: true, inFlight: 0 }));
    expect(registered((await production.balancer.observe()).pools.hello!)).toEqual(registered(pools.hello!));
  });

  it('the supervisor, in the middle of an update: the update ends well, and no request is lost', async () => {
    const commit = await production.change();
    let done: number | undefined;
    const outcome = await visitedDuring(async () => {
      const pushing = Pushing.begin(production);
      await pushing.prints('instance 1 done');
      const before = await look.pids();
      done = before['1/a'];
      process.kill(await look.supervisorPid(), 'SIGKILL');
      const { output } = await pushing.end();
      expect(output).toContain('succeeded');
    });
    standing = commit;
    await expectAllToServe(standing);
    expect(done).toBeDefined();
    expect((await look.pids())['1/a']).toBe(done);
    expect(outcome).toEqual({ sent: expect.any(Number), failed: 0, examples: [] });
    expect(instanceProcesses()).toHaveLength(INSTANCES);
  });

  it('the supervisor, while nothing is going on: it is back with the same instances', async () => {
    const before = await look.pids();
    process.kill(await look.supervisorPid(), 'SIGKILL');
    expect(await look.pids()).toEqual(before);
    await expectAllToServe(standing);
  });
});

describe('after a power failure', () => {
  it('fairway serve brings everything back: the same release at the same address', async () => {
    await killEverything(production, look);
    await serveAgain();
    await expectAllToServe(standing);
    expect(await production.target()).toEqual(target);
    expect((await visit(target, 'hello.localhost')).status).toBe(200);
    expect(instanceProcesses()).toHaveLength(INSTANCES);
  });

  it('in the middle of an update, the update goes on', async () => {
    const commit = await production.change();
    const pushing = Pushing.begin(production);
    await pushing.prints('instance 1 done');
    const { id } = await look.newest();
    expect(await look.serving()).toMatchObject({ 1: commit.slice(0, 12), 3: standing.slice(0, 12) });
    await killEverything(production, look);
    await serveAgain();
    expect(await look.ended(id)).toMatchObject({ status: 'succeeded' });
    expect((await pushing.end()).output).toContain('succeeded');
    standing = commit;
    await expectAllToServe(standing);
    expect(instanceProcesses()).toHaveLength(INSTANCES);
  }, 40_000);

  it('a mistake in fairway.yml, made meanwhile, is told, and keeps nothing from coming back', async () => {
    const { config } = production.workspace;
    const good = await readFile(config, 'utf8');
    await killEverything(production, look);
    await writeFile(config, good.replace('instances: 3', 'instances: three'));
    onTestFinished(() => writeFile(config, good));
    await serveAgain();
    await expectAllToServe(standing);
    // It is printed once the server answers; by then all may serve.
    await expect
      .poll(() => production.control.output, { timeout: 5_000, interval: 20 })
      .toMatch(/fairway\.yml:7:16: .*found "three"/);
    expect((await production.fairway('status')).stdout).toMatch(/fairway\.yml:7:16: .*found "three"/);

    await production.control.stop();
    const { exitCode, stdout } = await production.fairway('serve', '--detach');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/fairway\.yml:7:16: .*found "three"/);
    const { pid } = JSON.parse(await readFile(join(production.workspace.state, 'server.json'), 'utf8')) as {
      pid: number;
    };
    process.kill(pid, 'SIGTERM');
    await waitUntil('the end of the server in the background', () => !isAlive(pid));
    await serveAgain();
  });
});

it('a second control server on the same state is refused, and names the first', async () => {
  const before = await look.pids();
  const { exitCode, stdout } = await production.fairway('serve');
  expect(exitCode).toBe(1);
  expect(stdout).toContain(`The control server runs already: process ${production.control.pid}`);
  expect(production.control.hasEnded).toBe(false);
  expect(await look.pids()).toEqual(before);
});

it('fairway down leaves nothing running, and fairway serve brings everything back after it', async () => {
  const { exitCode, stdout } = await production.fairway('down', '--yes');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('stopped 3 instances of hello');
  expect(processesOf(production.workspace.folder)).toEqual([]);
  await expect(visit(target, 'hello.localhost')).rejects.toMatchObject({ code: 'ECONNREFUSED' });

  await serveAgain();
  await expectAllToServe(standing);
  expect(await production.target()).toEqual(target);
  expect((await visit(target, 'hello.localhost')).status).toBe(200);
});

function instanceProcesses(): readonly string[] {
  return processesOf(production.workspace.folder).filter((command) => /node(\S*)? server\.js/.test(command));
}
