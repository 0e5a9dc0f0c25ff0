import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../../test/support/free-port.ts';
import { waitUntil } from '../../../../test/support/wait-until.ts';
import { entryPoint } from '../entry-point.ts';

describe('the static file server', () => {
  let root: string;
  let port: number;
  let server: ChildProcess;

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'fairway-static-'));
    mkdirSync(join(root, 'public/docs'), { recursive: true });
    writeFileSync(join(root, 'secret.txt'), 'not for visitors');
    writeFileSync(join(root, 'public/index.html'), '<h1>home</h1>');
    writeFileSync(join(root, 'public/docs/index.html'), '<h1>docs</h1>');
    writeFileSync(join(root, 'public/app.js'), 'one()');
    writeFileSync(join(root, 'public/large.bin'), Buffer.alloc(8 * 1024 * 1024, 7));
    port = await freePort();
    const env = { PORT: String(port), PATH: process.env.PATH };
    server = spawn(process.execPath, [entryPoint('hosts/local/static-server/main'), join(root, 'public')], {
      env,
    });
    await waitUntil('an answer', () => get('/').then(Boolean, () => undefined));
  });

  afterEach(() => {
    server.kill('SIGKILL');
    rmSync(root, { recursive: true, force: true });
  });

  const get = (path: string, options: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...options });

  it('serves a folder by its index.html, and sends visitors to the path with the slash', async () => {
    expect(await (await get('/')).text()).toBe('<h1>home</h1>');
    expect(await (await get('/docs/?a=1')).text()).toBe('<h1>docs</h1>');
    expect(await (await get('/index.html')).text()).toBe('<h1>home</h1>');
    const redirect = await get('/docs?a=1');
    expect([redirect.status, redirect.headers.get('location')]).toEqual([308, '/docs/?a=1']);
  });

  it('answers 404 for what is not there and 405 for other methods', async () => {
    expect((await get('/nothing.css')).status).toBe(404);
    expect((await get('/', { method: 'POST', body: 'x' })).status).toBe(405);
  });

  it('leaves the folder under no circumstances', async () => {
    for (const path of [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/docs/..%2f..%2fsecret.txt',
      '//etc/passwd',
      '/%00',
      '/%',
    ]) {
      const answer = await rawGet(path);
      expect(answer.status, path).toBeGreaterThanOrEqual(400);
      expect(answer.body).not.toContain('not for visitors');
    }
  });

  it('gives an ETag of the contents, so that a changed file is never answered with 304', async () => {
    const etag = (await get('/app.js')).headers.get('etag')!;
    expect((await get('/app.js', { headers: { 'if-none-match': etag } })).status).toBe(304);
    // As in the next release: same size, and the time that its archive gave it is another one.
    writeFileSync(join(root, 'public/app.js'), 'two()');
    utimesSync(join(root, 'public/app.js'), 1, 1);
    const changed = await get('/app.js', { headers: { 'if-none-match': etag } });
    expect([changed.status, await changed.text()]).toEqual([200, 'two()']);
  });

  it('finishes what is under way on SIGTERM, takes nothing new and ends', async () => {
    const { socket, received } = await beginLargeDownload();
    server.kill('SIGTERM');
    await waitUntil('refused connections', () =>
      get('/').then(
        () => false,
        () => true,
      ),
    );
    expect(server.exitCode).toBeNull();
    socket.resume();
    await once(socket, 'end');
    expect(received()).toBeGreaterThan(8 * 1024 * 1024);
    if (server.exitCode === null) await once(server, 'exit');
    expect(server.exitCode).toBe(0);
  });

  async function beginLargeDownload() {
    let bytes = 0;
    const socket = connect(port, '127.0.0.1').on('data', (chunk) => {
      if (bytes === 0) socket.pause();
      bytes += chunk.length;
    });
    socket.write('GET /large.bin HTTP/1.1\r\nhost: x\r\n\r\n');
    await waitUntil('the first bytes', () => bytes > 0);
    return { socket, received: () => bytes };
  }

  /** `fetch` would tidy the path up. */
  function rawGet(path: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const asked = request({ port, host: '127.0.0.1', path }, (answer) => {
        let body = '';
        answer.on('data', (chunk) => {
          body += String(chunk);
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      });
      asked.once('error', reject).end();
    });
  }
});
