import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../../test/support/test-server.ts';
import { directoryIdentity } from '../directory-identity.ts';
import { ServerFile } from './api.ts';

describe('the control server', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await TestServer.start();
  });
  afterEach(() => server.dispose());
  const serverFile = () =>
    ServerFile.parse(JSON.parse(readFileSync(join(server.directory, 'server.json'), 'utf8')));

  it('says where it is and how to enter, to its own user only', async () => {
    const { url, pid, directory, token } = serverFile();
    expect([url, pid]).toEqual([server.running.url, process.pid]);
    expect(directory).toBe(directoryIdentity(server.directory));
    expect(statSync(join(server.directory, 'server.json')).mode & 0o777).toBe(0o600);
    const answer = await server.ask('GET', '/api/tokens', { as: { secret: token } });
    expect(answer.status).toBe(200);
    expect(JSON.stringify(server.logged)).not.toContain(token);
  });

  it('takes back what it said when it ends, and comes again at the same port with a new secret', async () => {
    const before = serverFile();
    await server.running.close();
    expect(existsSync(join(server.directory, 'server.json'))).toBe(false);
    await server.open();
    const after = serverFile();
    expect(after.url).toBe(before.url);
    expect((await server.ask('GET', '/api/overview', { as: { secret: before.token } })).status).toBe(401);
    expect((await server.ask('GET', '/api/overview', { as: { secret: after.token } })).status).toBe(200);
    expect(server.store.tokens().filter((token) => token.name === 'local')).toHaveLength(1);
  });

  it('finds another port when the one that it chose itself was taken meanwhile', async () => {
    const { url } = serverFile();
    await server.running.close();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(Number(new URL(url).port), '127.0.0.1', resolve));
    await server.open();
    expect(server.running.url).not.toBe(url);
    await new Promise((resolve) => squatter.close(resolve));
  });

  it('says what stands in the way of the port that was configured', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const { port } = squatter.address() as AddressInfo;
    await server.running.close();
    await expect(server.open({ address: '127.0.0.1', port })).rejects.toThrow(
      `The control server cannot listen on 127.0.0.1 port ${port}: another program listens there`,
    );
    await expect(server.open({ address: '203.0.113.9', port: 0 })).rejects.toThrow(
      'The control server cannot listen on 203.0.113.9 port 0: this machine does not have that address',
    );
    expect(existsSync(join(server.directory, 'server.json'))).toBe(false);
    await new Promise((resolve) => squatter.close(resolve));
  });

  it('answers on loopback only for its own names, so that no web page can reach it by another', async () => {
    const { port } = new URL(server.running.url);
    const status = async (host: string) =>
      (await server.ask('GET', '/healthz', { headers: { host } })).status;
    expect(await status(`127.0.0.1:${port}`)).toBe(200);
    expect(await status(`LOCALHOST:${port}`)).toBe(200);
    expect(await status(`[::1]:${port}`)).toBe(200);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1.evil.example',
      'localhost.',
      '169.254.169.254',
    ]) {
      expect([host, await status(host)]).toEqual([host, 403]);
    }
    expect(await server.problem('GET', '/healthz', { headers: { host: 'evil.example' } })).toMatchObject({
      code: 'unknown-host',
      message: 'This server is not evil.example',
    });
  });

  it('warns when others can reach it, and then goes by the tokens alone', async () => {
    await server.running.close();
    await server.open({ address: '0.0.0.0', port: 0 });
    expect(server.running.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect(
      server.logged.some((line) => line.level === 40 && String(line.msg).includes('put TLS in front')),
    ).toBe(true);
    expect((await server.ask('GET', '/healthz', { headers: { host: 'control.example.org' } })).status).toBe(
      200,
    );
    expect((await server.ask('GET', '/api/overview', { as: 'nobody' })).status).toBe(401);
  });

  it('lets no browser read, frame, keep or run its answers', async () => {
    const { headers } = await server.ask('GET', '/api/overview', {
      headers: { origin: 'https://evil.example' },
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    expect(headers).toMatchObject({
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
  });

  it('gives each request an id that is in its log, together with how it went', async () => {
    const answer = await server.ask('GET', '/api/rollouts?limit=5', { as: 'viewer' });
    expect(server.logged.find((line) => line.requestId === answer.headers['x-request-id'])).toMatchObject({
      method: 'GET',
      path: '/api/rollouts',
      status: 200,
      by: 'viewer',
    });
  });

  it('ends soon although a client keeps a connection open and says nothing', async () => {
    const socket = connect(Number(new URL(server.running.url).port), '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const gone = new Promise((resolve) => socket.once('close', resolve));
    const begin = performance.now();
    await server.running.close();
    await gone;
    expect(performance.now() - begin).toBeLessThan(3000);
  });

  it.each([
    'GET /api/%00%ff HTTP/1.1',
    'GET //evil.example/api/overview HTTP/1.1',
    'GET /api/apps/%2e%2e/releases HTTP/1.1',
  ])('survives %s', async (line) => {
    const socket = connect(Number(new URL(server.running.url).port), '127.0.0.1');
    socket.end(
      `${line}\r\nhost: localhost\r\nauthorization: Bearer secret-of-admin\r\nconnection: close\r\n\r\n`,
    );
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 40[04] /);
    expect((await server.ask('GET', '/healthz')).status).toBe(200);
  });
});
