import { type ChildProcess, spawn } from 'node:child_process';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SampleBuild } from '../../../test/support/sample-build.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Builds and starts the site as a host would; answers with its address and process. */
async function serve(sample: SampleBuild): Promise<{ url: string; child: ChildProcess }> {
  const release = await sample.build();
  const root = await sample.unpack(release);
  const port = await freePort();
  const [program, ...words] = release.launch.command.map((word) => word.replace('${PORT}', String(port)));
  const child = spawn(program!, words, { cwd: join(root, release.launch.directory), stdio: 'inherit' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  await vi.waitFor(async () => await fetch(url), { timeout: 5_000 });
  return { url, child };
}

/** Sends the path as it is; fetch would tidy it up first. */
async function statusOf(url: string, path: string): Promise<number> {
  const { hostname, port } = new URL(url);
  return await new Promise((resolve, reject) => {
    request({ hostname, port, path }, (response) => resolve(response.resume().statusCode!))
      .on('error', reject)
      .end();
  });
}

test('files are served with type, length and tag; what is hidden or outside is not', async () => {
  const sample = await SampleBuild.create(
    {
      'index.html': '<h1>hi</h1>',
      'about/index.html': 'about',
      'a b.css': 'x{}',
      '404.html': 'lost',
      '.env': 'SECRET',
    },
    { runtime: { type: 'static' } },
  );
  const { url, child } = await serve(sample);
  const page = await fetch(url);
  expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([
    200,
    'text/html;charset=utf-8',
    '<h1>hi</h1>',
  ]);
  const again = await fetch(url, { headers: { 'if-none-match': page.headers.get('etag')! } });
  expect(again.status).toBe(304);
  expect(await (await fetch(`${url}/about/`)).text()).toBe('about');
  expect((await fetch(`${url}/a%20b.css`)).headers.get('content-type')).toBe('text/css');
  const missing = await fetch(`${url}/nothing`);
  expect([missing.status, await missing.text()]).toEqual([404, 'lost']);
  expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  for (const path of [
    '/.env',
    '/.fairway/release.json',
    '/../../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/%zz',
  ]) {
    expect(await statusOf(url, path)).toBe(404);
  }
  child.kill('SIGTERM');
  await vi.waitFor(() => expect(child.exitCode).toBe(0), { timeout: 5_000 });
});

test('a site that is built is served from where its pages are, without what built it', async () => {
  const make = 'mkdir dist && echo built > dist/index.html';
  const sample = await SampleBuild.create(
    {
      'package.json': JSON.stringify({
        name: 'site',
        scripts: { build: make },
        devDependencies: { tool: 'file:tool' },
      }),
      'tool/package.json': JSON.stringify({ name: 'tool', version: '1.0.0' }),
      'index.html': 'source',
    },
    { runtime: { type: 'static' } },
  );
  const { url } = await serve(sample);
  expect(await (await fetch(url)).text()).toBe('built\n');
  expect(await statusOf(url, '/node_modules/tool/package.json')).toBe(404);
});

test('a site without a page is refused', async () => {
  const sample = await SampleBuild.create({ README: '' }, { runtime: { type: 'static' } });
  await expect(sample.build()).rejects.toThrow(
    'The build failed at "pages": there is no index.html in the repository, nor in dist, build, out, _site, public there.',
  );
});
