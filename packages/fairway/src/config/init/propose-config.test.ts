import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parseProduction } from '../parse.ts';
import { readProduction } from '../read.ts';
import { ConfigExists, proposeConfig, writeNewConfig } from './propose-config.ts';
import { appNameFrom } from './survey.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function repository(files: Record<string, string>, name = 'shop'): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'fairway-init-'));
  folders.push(parent);
  const folder = join(parent, name);
  await mkdir(folder);
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  return folder;
}

async function proposedApp(files: Record<string, string>, name?: string) {
  const { text, notes } = await proposeConfig(await repository(files, name));
  const app = parseProduction(text, '/work/fairway.yml').apps[0]!;
  return { app, notes: notes.join('\n') };
}

describe('a proposal for a repository', () => {
  test('leaves start to the runtime where package.json has a start script', async () => {
    const { app, notes } = await proposedApp({
      'package.json': '{"scripts":{"start":"node server.js"},"engines":{"node":">=20"}}',
      'server.js': "app.get('/healthz', ok)",
    });
    expect(app).toMatchObject({ name: 'shop', runtime: { type: 'node' }, health: { path: '/healthz' } });
    expect(app.start).toBeUndefined();
    expect(notes).toContain('">=20", from engines');
  });

  test('names the program where there is no start script', async () => {
    const { app, notes } = await proposedApp({ 'package.json': '{}', 'app.js': '', '.nvmrc': 'v22\n' });
    expect(app.start).toEqual(['node', 'app.js']);
    expect(notes).toContain('Node "v22", from .nvmrc');
  });

  test('serves what a site generator builds as files', async () => {
    const { app } = await proposedApp({
      'package.json': '{"scripts":{"build":"vite build"},"devDependencies":{"vite":"8"}}',
      'index.html': '',
    });
    expect(app.runtime).toEqual({ type: 'static' });
  });

  test('serves pages as they are, also in a folder', async () => {
    expect((await proposedApp({ 'index.html': '' })).app).toMatchObject({
      runtime: { type: 'static' },
      directory: '.',
    });
    expect((await proposedApp({ 'public/index.html': '' })).app).toMatchObject({ directory: 'public' });
  });

  test('finds a Node app in its folder', async () => {
    const { app } = await proposedApp({
      'README.md': '',
      'server/package.json': '{}',
      'server/server.js': '',
    });
    expect(app).toMatchObject({ directory: 'server', runtime: { type: 'node' } });
  });

  test('takes the command of a Procfile, with the port of the instance', async () => {
    const { app } = await proposedApp({ Procfile: 'worker: x\nweb: gunicorn app:app -b 127.0.0.1:$PORT\n' });
    expect(app.start).toEqual(['gunicorn', 'app:app', '-b', '127.0.0.1:${PORT}']);
  });

  test('keeps a line of a Procfile that needs a shell for a shell', async () => {
    const { app } = await proposedApp({ Procfile: 'web: FOO=${BAR:-1} ./run "$PORT" && echo \'#: {\'' });
    expect(app.start).toEqual(['sh', '-c', 'FOO=${BAR:-1} ./run "$PORT" && echo \'#: {\'']);
  });

  test('leaves text of a Procfile that looks like a reference as it is', async () => {
    const { app } = await proposedApp({ Procfile: 'web: ./run ${hosts.a.address}' });
    expect(app.start).toEqual(['sh', '-c', './run ${hosts.a.address}']);
  });

  test('builds a Go program', async () => {
    const { app } = await proposedApp({ 'go.mod': 'module x' });
    expect(app).toMatchObject({ build: ['go', 'build', '-o', 'app', '.'], start: ['./app'] });
  });

  test('says what is left to decide where nothing tells how the app starts', async () => {
    const { app, notes } = await proposedApp({ 'README.md': '' });
    expect(app.runtime).toEqual({ type: 'command' });
    expect(notes).toContain('replace the command under start');
  });

  test('passes the check whatever stands in a repository', async () => {
    for (const text of [
      '',
      '[]',
      'null',
      '{',
      '{"scripts":[1],"main":3,"engines":"x"}',
      '{"main":"a b; rm"}',
    ]) {
      const { app } = await proposedApp({ 'package.json': text, Procfile: 'web: "' }, '9 Große_Shöps!');
      expect(app.name).toBe('app-9-gro-e-shops');
    }
  });
});

test('names an app after any folder', () => {
  expect(['/x/My Shop', '/x/42', '/x/日本', '/x/--', '/', `/x/${'a'.repeat(30)}-b`].map(appNameFrom)).toEqual(
    ['my-shop', 'app-42', 'app', 'app', 'app', 'a'.repeat(30)],
  );
});

test('a configuration that is there is never written over', async () => {
  const file = join(await repository({ 'index.html': '' }), 'fairway.yml');
  const { text } = await proposeConfig(dirname(file));
  await writeNewConfig(file, text);
  expect((await readProduction(file)).apps).toHaveLength(1);
  await expect(writeNewConfig(file, 'other')).rejects.toThrow(ConfigExists);
  expect(await readFile(file, 'utf8')).toBe(text);
});
