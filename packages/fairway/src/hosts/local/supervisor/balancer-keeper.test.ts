import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalMachine } from '../../../../test/support/local-machine.ts';
import { waitUntil } from '../../../../test/support/wait-until.ts';
import { socketPath } from '../socket-path.ts';
import type { SupervisorClient } from '../supervisor-client.ts';
import { findProcess } from './process-table.ts';
import type { BalancerRequest } from './protocol.ts';

const stub = fileURLToPath(new URL('../../../../test/support/stub-balancer.mjs', import.meta.url));

describe('the supervisor, as keeper of the balancer', () => {
  let machine: LocalMachine;
  let client: SupervisorClient;
  let request: BalancerRequest;

  beforeEach(async () => {
    machine = new LocalMachine(stub);
    client = await machine.supervisor();
    request = {
      listen: { address: '127.0.0.1', port: 0 },
      stateDirectory: machine.stateDirectory,
      socketPath: socketPath(machine.stateDirectory, 'balancer/balancer.sock'),
    };
  });

  afterEach(async () => {
    await client.close();
    await machine.close();
  });

  /** On a connection of its own each; undefined when it was refused or broken. */
  const visit = (port: number, path = '/'): Promise<number | undefined> =>
    new Promise((resolve) => {
      const asked = httpGet({ port, host: '127.0.0.1', path, agent: false }, (answer) => {
        let body = '';
        answer.on('data', (text) => {
          body += String(text);
        });
        answer.once('end', () => resolve(Number(body)));
        answer.once('error', () => resolve(undefined));
      });
      asked.once('error', () => resolve(undefined));
    });

  const listens = (server: Server, port: number): Promise<boolean> =>
    new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });

  /** Visits one after another until the work is done, then tells how many were made and lost. */
  const visitDuring = async (port: number, work: () => Promise<unknown>) => {
    let done = false;
    const result = { made: 0, lost: 0 };
    const visiting = (async () => {
      while (!done) {
        result.made += 1;
        if ((await visit(port)) === undefined) result.lost += 1;
      }
    })();
    await work();
    done = true;
    await visiting;
    return result;
  };

  it('runs it on a free port that stays the same, and only once', async () => {
    await expect(client.balancer()).rejects.toMatchObject({ code: 'no-balancer' });
    const status = await client.ensureBalancer(request);
    expect(status).toMatchObject({ address: '127.0.0.1', restarts: 0 });
    expect(await visit(status.port)).toBe(status.pid);
    expect(await client.ensureBalancer(request)).toEqual(status);
    expect(await client.balancer()).toEqual(status);
  });

  it('starts it again at once after a crash; visitors wait in the meantime and none is refused', async () => {
    const { port, pid } = await client.ensureBalancer(request);
    const visits = await visitDuring(port, async () => {
      process.kill(pid!, 'SIGKILL');
      await waitUntil('another balancer', async () => ((await visit(port)) ?? pid) !== pid);
    });
    // The one visit that the crash met was broken.
    expect(visits.lost).toBeLessThanOrEqual(1);
    const status = await client.balancer();
    expect(status).toMatchObject({ port, restarts: 1, lastExit: { reason: 'killed by SIGKILL' } });
    expect(status.pid).not.toBe(pid);
  });

  it('replaces it as planned without losing a visit; the old one finishes what it has begun', async () => {
    const { port, pid } = await client.ensureBalancer(request);
    const slow = visit(port, '/slow');
    const visits = await visitDuring(port, async () => {
      for (let time = 0; time < 3; time += 1) await client.restartBalancer();
    });
    expect(visits.made).toBeGreaterThan(20);
    expect(visits.lost).toBe(0);
    expect(await slow).toBe(pid);
    const status = await client.balancer();
    expect(status.restarts).toBe(0);
    expect(await visit(port)).toBe(status.pid);
    await waitUntil('the end of the old one', () => !findProcess(pid!));
  });

  it('keeps the old one when the new one does not become ready', async () => {
    const before = await client.ensureBalancer(request);
    const broken = join(machine.stateDirectory, 'broken');
    writeFileSync(broken, '');
    await expect(client.restartBalancer()).rejects.toThrow(/did not take over: exit code 9/);
    rmSync(broken);
    expect(await client.balancer()).toEqual(before);
    expect(await visit(before.port)).toBe(before.pid);
  });

  it('says who listens on the port that was asked for, and starts nothing', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const refused = client.ensureBalancer({ ...request, listen: { address: '127.0.0.1', port } });
    await expect(refused).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(refused).rejects.toThrow(
      new RegExp(
        `127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\): process ${process.pid} \\(.+\\) listens there; end it, or set`,
      ),
    );
    await expect(client.balancer()).rejects.toMatchObject({ code: 'no-balancer' });
    other.close();
  });

  it('stays with its port when a move to another one fails, and moves when it can', async () => {
    const before = await client.ensureBalancer(request);
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const listen = { address: '127.0.0.1', port: (other.address() as AddressInfo).port };
    await expect(client.ensureBalancer({ ...request, listen })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(await visit(before.port)).toBe(before.pid);
    other.close();
    await once(other, 'close');
    const after = await client.ensureBalancer({ ...request, listen });
    expect(after.port).toBe(listen.port);
    expect(await visit(before.port)).toBeUndefined();
    expect(await visit(after.port)).toBe(after.pid);
  });

  describe('after the supervisor was killed', () => {
    it('goes on with the same balancer, and starts it again on its port when it crashes', async () => {
      const { port, pid } = await client.ensureBalancer(request);
      await machine.killSupervisor();
      expect(await visit(port)).toBe(pid);
      const next = await machine.supervisor();
      expect(await next.balancer()).toMatchObject({ port, pid });
      expect(await next.ensureBalancer(request)).toMatchObject({ port, pid });
      process.kill(pid!, 'SIGKILL');
      await waitUntil('another balancer', () => visit(port));
      expect(await next.balancer()).toMatchObject({ port, restarts: 1 });
      await next.close();
    });

    it('can replace it as planned, and from then on without refusing anyone', async () => {
      const { port, pid } = await client.ensureBalancer(request);
      await machine.killSupervisor();
      const next = await machine.supervisor();
      const replaced = await next.restartBalancer();
      expect(replaced.port).toBe(port);
      expect(replaced.pid).not.toBe(pid);
      const visits = await visitDuring(port, () => next.restartBalancer());
      expect(visits.lost).toBe(0);
      await next.close();
    });

    it('starts it again, on the same port, when it is gone too (a reboot)', async () => {
      const { port, pid } = await client.ensureBalancer(request);
      await machine.killSupervisor();
      process.kill(pid!, 'SIGKILL');
      await machine.supervisorPid();
      expect(await waitUntil('another balancer', () => visit(port))).not.toBe(pid);
    });

    it('says who has taken its port meanwhile, and starts it as soon as the port is free', async () => {
      const { port, pid } = await client.ensureBalancer(request);
      await machine.killSupervisor();
      process.kill(pid!, 'SIGKILL');
      const taker = createServer();
      await waitUntil('its port', () => listens(taker, port));
      const next = await machine.supervisor();
      await expect(next.ensureBalancer(request)).rejects.toThrow(
        `the balancer cannot listen on 127.0.0.1:${port} (EADDRINUSE): process ${process.pid} (`,
      );
      taker.close();
      await waitUntil('another balancer', () => visit(port));
      expect(await next.ensureBalancer(request)).toMatchObject({ port, pid: expect.any(Number) as number });
      await next.close();
    });
  });
});
