import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { FENCE, Fleet } from '../support/haproxy-world.ts';
import type { Echo } from '../support/http-instance.ts';
import { haproxyInstalled, type LocalHaproxy, startHaproxyHere } from '../support/local-haproxy.ts';
import { poolDefinition } from '../support/pool-definition.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { waitUntil } from '../support/wait-until.ts';

describe.skipIf(!haproxyInstalled)('HAProxy with TLS', () => {
  let certificates: string;
  let world: LocalHaproxy;
  let instances: Fleet;
  let url: string;
  let agent: Agent;

  beforeAll(async () => {
    certificates = mkdtempSync(join(tmpdir(), 'fairway-certificates-'));
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      'a.pem.key',
    ];
    execFileSync('openssl', ['req', '-x509', ...key, '-out', 'a.pem', '-subj', '/CN=shop.test'], {
      cwd: certificates,
      stdio: 'ignore',
    });
    const port = await freePort();
    url = `https://127.0.0.1:${port}/`;
    world = await startHaproxyHere({ tls: { bind: `127.0.0.1:${port}`, certificates } });
    agent = new Agent({ connections: 1, connect: { rejectUnauthorized: false } });
    await world.balancer.declare(poolDefinition('shop'), FENCE);
    instances = new Fleet(world.balancer, 'shop');
    await instances.admit('1', 'a', 'r1');
  });
  afterAll(async () => {
    await agent?.destroy();
    await instances?.close();
    await world?.close();
    rmSync(certificates, { recursive: true });
  });

  const visit = (headers: Record<string, string> = {}) =>
    request(url, { headers: { host: 'shop.test', ...headers }, dispatcher: agent });

  it('sends plain HTTP there', async () => {
    const { statusCode, headers, body } = await request(`${world.url}/a?b`, {
      headers: { host: 'shop.test' },
    });
    await body.dump();
    expect([statusCode, headers.location]).toEqual([308, 'https://shop.test/a?b']);
  });

  it('tells the instance, whatever the visitor claims, and again over a connection from before a reload', async () => {
    const claims = { 'x-forwarded-proto': 'http', 'x-forwarded-for': '1.2.3.4', 'x-real-ip': '1.2.3.4' };
    for (const app of ['one', 'two']) {
      const { headers } = (await (await visit(claims)).body.json()) as Echo;
      expect(headers).toMatchObject({ 'x-forwarded-proto': 'https', 'x-forwarded-for': '127.0.0.1' });
      expect(headers).not.toHaveProperty('x-real-ip');
      await world.balancer.declare(poolDefinition(app), FENCE);
    }
  });

  it('gives cookies to this site over TLS only', async () => {
    await instances.admit('canary', 'a', 'r2', 'canary');
    await world.balancer.setShare('shop', { basisPoints: 10_000, offset: 0 }, FENCE);
    const { headers, body } = await visit();
    expect(((await body.json()) as Echo).instance).toBe('canary');
    expect(headers['set-cookie']).toMatch(
      /^fairway-bucket-shop=\d+; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure$/,
    );
    await world.balancer.setShare('shop', { basisPoints: 0, offset: 0 }, FENCE);
  });

  it('loses no request when it reloads', async () => {
    const load = new SteadyLoad(url.slice(0, -1), 'shop.test', 20);
    for (const app of ['three', 'four', 'five']) {
      const { sent } = load;
      await waitUntil('the load flows', () => load.sent > sent + 200);
      await world.balancer.declare(poolDefinition(app), FENCE);
    }
    await load.stop();
    expect(load.failures).toEqual([]);
  });
});
