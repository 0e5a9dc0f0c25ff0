import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { BalancerProcesses, ending, kill } from '../../../test/support/balancer-process.ts';
import { HttpInstance } from '../../../test/support/http-instance.ts';
import { poolDefinition } from '../../../test/support/pool-definition.ts';
import { RawVisitor } from '../../../test/support/raw-exchange.ts';
import { SteadyLoad } from '../../../test/support/steady-load.ts';
import { waitUntil } from '../../../test/support/wait-until.ts';
import type { Side } from '../balancer.ts';
import { embeddedBalancer } from './client.ts';

const app = 'shop';
const host = `${app}.test`;
const get = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

let processes: BalancerProcesses;
let instances: HttpInstance[];
let agent: Agent;

beforeEach(async () => {
  processes = await BalancerProcesses.open();
  instances = [];
  agent = new Agent();
});

afterEach(async () => {
  await agent.destroy();
  await processes.close();
  await Promise.all(instances.map((instance) => instance.close()));
});

const slot = (instance: string) => ({ app, instance, slot: 'a' }) as const;

async function serve(...names: string[]): Promise<ChildProcess> {
  const child = await processes.start();
  await processes.balancer.declare(poolDefinition(app), 1);
  for (const name of names) await admit(name);
  return child;
}

async function admit(name: string, side: Side = 'baseline'): Promise<HttpInstance> {
  const { balancer } = processes;
  const instance = await HttpInstance.start(name);
  instances.push(instance);
  const { port } = instance;
  await balancer.register({ slot: slot(name), host: '127.0.0.1', port, side, generation: 'r1+c1' }, 1);
  await waitUntil('it is healthy', async () => (await server(name))?.healthy);
  await balancer.admit(slot(name), 1);
  return instance;
}

async function server(name: string) {
  const { pools } = await processes.balancer.observe();
  return pools[app]!.servers.find((one) => one.slot.instance === name);
}

async function visit(path = '/'): Promise<number> {
  const { statusCode, body } = await request(`${processes.url}${path}`, {
    headers: { host },
    dispatcher: agent,
  });
  await body.dump();
  return statusCode;
}

async function requestsCounted(): Promise<number> {
  const [pool] = await processes.balancer.counters();
  return pool!.servers.reduce((sum, { requests }) => sum + requests, 0);
}

/** A planned restart: the next process takes over, then the one before is told to end. */
async function replace(old: ChildProcess, ...options: string[]): Promise<ChildProcess> {
  const next = await processes.start(...options);
  old.kill('SIGTERM');
  return next;
}

describe('a planned restart', () => {
  it('loses no request under load, three times in a row, and neither counts nor registry go back', async () => {
    let current = await serve('1', '2', '3');
    const load = new SteadyLoad(processes.url, host, 30);
    const ends: Promise<unknown>[] = [];
    for (let restarts = 0; restarts < 3; restarts++) {
      await waitUntil('requests flow', () => load.sent > (restarts + 1) * 200);
      const before = { requests: await requestsCounted(), registry: await processes.balancer.observe() };
      ends.push(ending(current));
      current = await replace(current);
      expect(await requestsCounted()).toBeGreaterThanOrEqual(before.requests);
      const now = await processes.balancer.observe();
      expect(now.revision).toBeGreaterThanOrEqual(before.registry.revision);
      expect(states(now.pools[app]!.servers)).toEqual(states(before.registry.pools[app]!.servers));
    }
    await waitUntil('requests flow', () => load.sent > 1000);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.answered.size).toBe(3);
    expect(await Promise.all(ends)).toEqual([0, 0, 0]);
    await waitUntil('every request is counted', async () => (await requestsCounted()) >= load.sent);
  }, 60_000);

  it('lets requests, streams and WebSockets under way end in the old process', async () => {
    const old = await serve('1');
    const [instance] = instances;
    const release = instance!.holdRequests();
    instance!.on('/stream', (_request, response) => {
      response.write('begun');
      instance!.on('/end-stream', (_asked, ended) => {
        response.end(' ended');
        ended.end();
      });
    });
    const sockets = new WebSocketServer({ server: instance!.server });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)));
    const client = new WebSocket(processes.url, { headers: { host } });
    const messages: string[] = [];
    client.on('message', (data) => messages.push(String(data)));
    await once(client, 'open');
    const held = visit('/hold');
    const stream = await request(`${processes.url}/stream`, { headers: { host }, dispatcher: agent });
    await waitUntil('all are under way', async () => (await server('1'))?.inFlight === 3);

    await replace(old);
    // The new process knows of what the old one still has.
    expect((await server('1'))?.inFlight).toBe(3);
    client.send('hello');
    await waitUntil('the WebSocket answers', () => messages.includes('echo hello'));
    release();
    expect(await held).toBe(200);
    await visit('/end-stream');
    expect(await stream.body.text()).toBe('begun ended');
    await waitUntil('only the WebSocket is left', async () => (await server('1'))?.inFlight === 1);
    client.close();
    await agent.close();
    expect(await ending(old)).toBe(0);
    expect((await server('1'))?.inFlight).toBe(0);
  });

  it('answers one more request on each idle connection, and then asks for another one', async () => {
    const old = await serve('1');
    const visitor = await RawVisitor.connect(processes.port);
    visitor.send(get);
    await waitUntil('it is answered', () => visitor.statuses.length === 1);
    expect(visitor.received).toContain('Connection: keep-alive');
    await replace(old);
    await waitUntil('it retires', () => processes.log.includes('retiring'));
    expect(visitor.ended).toBe(false);
    visitor.send(get);
    await waitUntil('it is answered and closed', () => visitor.statuses.length === 2 && visitor.ended);
    expect(visitor.received).toMatch(/connection: close/i);
    visitor.close();
    expect(await ending(old)).toBe(0);
  });

  it('ends WebSockets at its deadline, but no request under way, however slow', async () => {
    await kill(await serve('1'));
    const [instance] = instances;
    const old = await processes.start('--drain-timeout', '300');
    const release = instance!.holdRequests();
    let endStream = () => {};
    instance!.on('/stream', (_request, response) => {
      response.write('begun');
      endStream = () => response.end(' ended');
    });
    const sockets = new WebSocketServer({ server: instance!.server });
    const client = new WebSocket(processes.url, { headers: { host } });
    await once(client, 'open');
    const closed = once(client, 'close');
    const held = visit('/hold');
    const stream = await request(`${processes.url}/stream`, { headers: { host }, dispatcher: agent });
    await waitUntil('all are under way', async () => (await server('1'))?.inFlight === 3);
    await replace(old);
    await closed;
    await waitUntil('two are left', async () => (await server('1'))?.inFlight === 2);
    release();
    expect(await held).toBe(200);
    endStream();
    expect(await stream.body.text()).toBe('begun ended');
    await agent.close();
    expect(await ending(old)).toBe(0);
    sockets.close();
  });

  it('cuts what never ends when the last time has come, and ends well', async () => {
    await kill(await serve('1'));
    const [instance] = instances;
    const old = await processes.start('--drain-timeout', '100', '--request-timeout', '400');
    instance!.on('/endless', (_request, response) => response.write('begun'));
    const { body } = await request(`${processes.url}/endless`, { headers: { host } });
    await replace(old);
    await expect(body.text()).rejects.toThrow();
    expect(await ending(old)).toBe(0);
  });

  it('goes on with a drain: a server is not out before the old process is done with it', async () => {
    const old = await serve('1', '2');
    const releases = instances.map((instance) => instance.holdRequests());
    const held = [visit('/hold'), visit('/hold')];
    await waitUntil('each holds one', async () => instances.every(({ requests }) => requests.length === 1));
    await processes.balancer.drain(slot('1'), 60_000, 1);
    await replace(old);
    await processes.balancer.drain(slot('2'), 60_000, 1);
    expect(await server('1')).toMatchObject({ state: 'draining', inFlight: 1 });
    expect(await server('2')).toMatchObject({ state: 'draining', inFlight: 1 });
    for (const release of releases) release();
    expect(await Promise.all(held)).toEqual([200, 200]);
    await waitUntil('both are out', async () =>
      (await processes.balancer.observe()).pools[app]!.servers.every(({ state }) => state === 'out'),
    );
  });

  it('closes what the old process has under way when the server’s own deadline passes', async () => {
    const old = await serve('1');
    instances[0]!.on('/endless', (_request, response) => response.write('begun'));
    const { body } = await request(`${processes.url}/endless`, { headers: { host } });
    await replace(old);
    await processes.balancer.drain(slot('1'), 200, 1);
    await expect(body.text()).rejects.toThrow();
    await waitUntil('it is out', async () => (await server('1'))?.state === 'out');
  });

  it('knows of what the process before the old one has under way, and is obeyed there', async () => {
    const first = await serve('1');
    const release = instances[0]!.holdRequests();
    const held = visit('/hold');
    await waitUntil('it is under way', async () => (await server('1'))?.inFlight === 1);
    const second = await replace(first);
    await replace(second);
    await waitUntil('both retire', () => processes.log.split('retiring').length === 3);
    await processes.balancer.drain(slot('1'), 60_000, 1);
    expect(await server('1')).toMatchObject({ state: 'draining', inFlight: 1 });
    release();
    expect(await held).toBe(200);
    await waitUntil('it is out', async () => (await server('1'))?.state === 'out');
    expect(await Promise.all([ending(first), ending(second)])).toEqual([0, 0]);
    expect(await requestsCounted()).toBe(1);
  });

  it('obeys a drain also on connections that the old process still holds', async () => {
    const old = await serve('1', '2');
    const visitors = await Promise.all(Array.from({ length: 6 }, () => RawVisitor.connect(processes.port)));
    for (const visitor of visitors) visitor.send(get);
    await waitUntil('all are answered', () => visitors.every(({ statuses }) => statuses.length === 1));
    await replace(old);
    await waitUntil('it retires', () => processes.log.includes('retiring'));
    // A request that is held keeps it from being out, which alone would tell the old process.
    const release = instances[0]!.holdRequests();
    instances[1]!.holdRequests();
    const held = [visit('/hold'), visit('/hold')];
    await waitUntil('each holds one', async () => (await server('1'))?.inFlight === 1);
    await processes.balancer.drain(slot('1'), 60_000, 1);
    const before = instances[0]!.requests.length;
    for (const visitor of visitors) visitor.send(get);
    await waitUntil('all are answered', () => visitors.every(({ statuses }) => statuses.length === 2));
    expect(instances[0]!.requests).toHaveLength(before);
    for (const visitor of visitors) visitor.close();
    release();
    await processes.balancer.deregister(slot('2'), 1);
    await Promise.all(held);
  });

  it('obeys a share of 0 also on connections that the old process still holds', async () => {
    const old = await serve('base');
    const canary = await admit('canary', 'canary');
    await processes.balancer.setShare(app, { basisPoints: 10_000, offset: 0 }, 1);
    const visitors = await Promise.all(Array.from({ length: 5 }, () => RawVisitor.connect(processes.port)));
    for (const visitor of visitors) visitor.send(get);
    await waitUntil('the canary answers', () => canary.requests.length === 5);
    await waitUntil('all have it', () => visitors.every(({ statuses }) => statuses.length === 1));
    await replace(old);
    await waitUntil('it retires', () => processes.log.includes('retiring'));
    await processes.balancer.setShare(app, { basisPoints: 0, offset: 0 }, 1);
    for (const visitor of visitors) visitor.send(get);
    await waitUntil('all are answered', () => visitors.every(({ statuses }) => statuses.length === 2));
    expect(canary.requests).toHaveLength(5);
    for (const visitor of visitors) visitor.close();
  });

  it('takes what a predecessor that does not answer has under way for busy, until it answers again', async () => {
    const old = await serve('1');
    const release = instances[0]!.holdRequests();
    const visitor = await RawVisitor.connect(processes.port);
    visitor.send(get);
    await waitUntil('the old process has the connection', () => visitor.statuses.length === 1);
    await replace(old);
    await waitUntil('it retires', () => processes.log.includes('retiring'));
    visitor.send(`GET /hold HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await waitUntil('it is under way', async () => (await server('1'))?.inFlight === 1);
    old.kill('SIGSTOP');
    await processes.balancer.drain(slot('1'), 60_000, 1);
    expect(await server('1')).toMatchObject({ state: 'draining', inFlight: 1 });
    await admit('2');
    await processes.balancer.drain(slot('2'), 60_000, 1);
    // Of a server that came later it knows nothing.
    await waitUntil('the later one is out', async () => (await server('2'))?.state === 'out');
    expect(await server('1')).toMatchObject({ state: 'draining', inFlight: 1 });
    old.kill('SIGCONT');
    release();
    await waitUntil('it is answered', () => visitor.statuses.length === 2);
    await waitUntil('it is out', async () => (await server('1'))?.state === 'out');
    visitor.close();
    expect(await ending(old)).toBe(0);
  });

  it.each([
    ['it is gone', 60_000, (old: ChildProcess) => kill(old)],
    ['the drain’s own deadline has passed', 1500, async () => {}],
  ])('takes a silent predecessor’s servers for busy until %s', async (_end, timeoutMs, end) => {
    const old = await serve('1');
    const visitor = await RawVisitor.connect(processes.port);
    visitor.send(get);
    await waitUntil('the old process has the connection', () => visitor.statuses.length === 1);
    await replace(old);
    await waitUntil('it retires', () => processes.log.includes('retiring'));
    old.kill('SIGSTOP');
    const startedAt = performance.now();
    await processes.balancer.drain(slot('1'), timeoutMs, 1);
    expect(await server('1')).toMatchObject({ state: 'draining', inFlight: 1 });
    await end(old);
    await waitUntil('it is out', async () => (await server('1'))?.state === 'out');
    if (timeoutMs < 10_000) expect(performance.now() - startedAt).toBeGreaterThan(timeoutMs - 50);
    visitor.close();
    old.kill('SIGCONT');
  });

  it('waits for a silent predecessor once, and not with every change', async () => {
    const old = await serve('1');
    const visitor = await RawVisitor.connect(processes.port);
    visitor.send(get);
    await waitUntil('the old process has the connection', () => visitor.statuses.length === 1);
    await replace(old);
    await waitUntil('it retires', () => processes.log.includes('retiring'));
    old.kill('SIGSTOP');
    await processes.balancer.setShare(app, { basisPoints: 100, offset: 0 }, 1);
    const startedAt = performance.now();
    for (let share = 9; share >= 0; share--)
      await processes.balancer.setShare(app, { basisPoints: share, offset: 0 }, 1);
    expect(performance.now() - startedAt).toBeLessThan(900);
    visitor.close();
    old.kill('SIGCONT');
  });

  it('takes everything for busy while the process to take over from has not answered at all', async () => {
    const old = await serve('1');
    const release = instances[0]!.holdRequests();
    const held = visit('/hold');
    await waitUntil('it is under way', async () => (await server('1'))?.inFlight === 1);
    old.kill('SIGSTOP');
    await processes.start();
    expect(await server('1')).toMatchObject({ state: 'serving', inFlight: 1 });
    await processes.balancer.setShare(app, { basisPoints: 77, offset: 0 }, 1);
    await processes.balancer.drain(slot('1'), 60_000, 1);
    expect(await server('1')).toMatchObject({ state: 'draining', inFlight: 1 });
    old.kill('SIGCONT');
    await waitUntil('it hands over late', () => processes.log.includes('answers again'));
    expect(await server('1')).toMatchObject({ state: 'draining', inFlight: 1 });
    release();
    expect(await held).toBe(200);
    await agent.close();
    await waitUntil('it is out', async () => (await server('1'))?.state === 'out');
    // What the old one saved when it froze is not what stands.
    await waitUntil('the saved registry is the new one’s', async () => {
      const saved = JSON.parse(await readFile(join(processes.stateDirectory, 'registry.json'), 'utf8'));
      return saved.pools[app].share.basisPoints === 77;
    });
    old.kill('SIGTERM');
    expect(await ending(old)).toBe(0);
  });

  it('is called off when the next process cannot start: the old one goes on as before', async () => {
    const old = await serve('1');
    const noSocket = openSync('/dev/null', 'r');
    const broken = processes.spawn(noSocket);
    expect(await ending(broken)).toBe(1);
    closeSync(noSocket);
    await waitUntil('the old one leads again', () => processes.log.includes('going on here'));
    await processes.balancer.drain(slot('1'), 1000, 1);
    await waitUntil('it still decides', async () => (await server('1'))?.state === 'out');
    expect((await processes.balancer.ready()).pid).toBe(old.pid);
  });
});

describe('a crash', () => {
  it('loses neither the registry nor connections made while no process runs, and counts no health anew', async () => {
    const first = await serve('1', '2');
    await processes.balancer.drain(slot('2'), 1000, 1);
    await waitUntil('it is out', async () => (await server('2'))?.state === 'out');
    const before = await processes.balancer.observe();
    await waitUntil('it is saved', async () => {
      const saved = JSON.parse(await readFile(join(processes.stateDirectory, 'registry.json'), 'utf8'));
      return saved.pools[app].servers[`${app}/2/a`].state === 'out';
    });
    await kill(first);
    const waiting = visit();
    await processes.start();
    expect(await waiting).toBe(200);
    const after = await processes.balancer.observe();
    expect(states(after.pools[app]!.servers)).toEqual(states(before.pools[app]!.servers));
    expect(after.pools[app]!.definition).toEqual(before.pools[app]!.definition);
    expect(after.revision).toBeGreaterThan(before.revision);
    await expect(processes.balancer.forget(app, 0)).rejects.toMatchObject({ code: 'stale-fence' });
  });

  it('comes back from the copy before the last when the saved registry is damaged, and says so', async () => {
    const first = await serve('1');
    await kill(first);
    const saved = join(processes.stateDirectory, 'registry.json');
    await writeFile(saved, (await readFile(saved, 'utf8')).slice(0, 100));
    await processes.start();
    expect((await processes.balancer.observe()).pools).toHaveProperty(app);
    expect(processes.log).toContain('the saved registry cannot be read');
    expect(await readFile(`${saved}.corrupt`, 'utf8')).toHaveLength(100);
  });

  it('acknowledges no change that is not on the disk', async () => {
    const first = await serve('1');
    await processes.balancer.setShare(app, { basisPoints: 0, offset: 77 }, 1);
    await processes.balancer.setShare(app, { basisPoints: 123, offset: 77 }, 9);
    await kill(first);
    await processes.start();
    expect((await processes.balancer.observe()).pools[app]!.share).toEqual({ basisPoints: 123, offset: 77 });
    await expect(processes.balancer.drain(slot('1'), 1, 8)).rejects.toMatchObject({ code: 'stale-fence' });
  });
});

it('loses no request while servers are drained, removed and added twelve times, 50 visitors wide', async () => {
  await serve('1', '2', '3', '4', '5');
  const { balancer } = processes;
  const load = new SteadyLoad(processes.url, host, 50);
  for (let turn = 1; turn <= 12; turn++) {
    const name = String(((turn - 1) % 5) + 1);
    const from = load.sent;
    await balancer.drain(slot(name), 10_000, 1);
    await waitUntil(`${name} is out`, async () => (await server(name))?.state === 'out');
    const [old] = instances.splice(
      instances.findIndex((instance) => instance.name === name),
      1,
    );
    await old!.close();
    await balancer.deregister(slot(name), 1);
    await admit(name);
    await waitUntil('requests flow', () => load.sent > from + 100);
  }
  await load.stop();
  expect(load.failures).toEqual([]);
  expect(load.sent).toBeGreaterThan(1200);
}, 60_000);

describe('the control socket', () => {
  it('is private', async () => {
    await processes.start();
    expect((await stat(processes.socketPath)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(processes.socketPath))).mode & 0o777).toBe(0o700);
    expect((await stat(processes.stateDirectory)).mode & 0o777).toBe(0o700);
  });

  it('says who does not answer when nobody does', async () => {
    const asking = embeddedBalancer({ socketPath: '/nowhere/balancer.sock' }).observe();
    await expect(asking).rejects.toThrow(
      /^the balancer does not answer at \/nowhere\/balancer\.sock \(connect ENOENT .*look at balancer\.log/,
    );
    await expect(asking).rejects.toMatchObject({ name: 'BalancerUnreachable', code: 'balancer-unreachable' });
  });

  it('refuses a message that makes no sense, and tells what is wrong with it', async () => {
    await processes.start();
    const nonsense = processes.balancer.declare({ ...poolDefinition(app), algorithm: 'random' as never }, 1);
    await expect(nonsense).rejects.toThrow(/least-connections[\s\S]*pool\.algorithm/);
  });

  it('keeps a watcher informed across a planned restart', async () => {
    const old = await serve('1');
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { pools } of processes.balancer.watch(stop.signal)) {
        seen.push(pools[app]!.servers[0]?.state ?? 'none');
      }
    })();
    await waitUntil('it sees the present', () => seen.length === 1);
    await replace(old);
    await waitUntil('it sees the new process', () => seen.length === 2);
    await processes.balancer.drain(slot('1'), 1000, 1);
    await waitUntil('it sees the change', () => seen.at(-1) === 'out');
    stop.abort();
    await watching;
  });
});

function states(servers: readonly { id: string; state: string; healthy: boolean }[]) {
  return servers.map(({ id, state, healthy }) => ({ id, state, healthy }));
}

it.skipIf(!existsSync('/dev/full'))(
  'serves on when its log cannot be written, as on a full disk',
  async () => {
    const full = openSync('/dev/full', 'w');
    await serve('one');
    // The one before this one does not end: its successor says so, where nothing can be said.
    const child = processes.spawnSilent(full);
    await waitUntil(
      'the successor is ready',
      async () => (await processes.balancer.ready()).pid === child.pid,
    );
    expect(await visit()).toBe(200);
    expect(child.exitCode).toBeNull();
    closeSync(full);
  },
);
