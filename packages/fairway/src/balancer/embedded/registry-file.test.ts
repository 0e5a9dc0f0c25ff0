import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RegistryFile } from './registry-file.ts';
import { emptyRegistry, type RegistryState } from './registry-state.ts';

let directory: string;
let file: RegistryFile;
let logged: string;
const log = pino({}, { write: (line: string) => (logged += line) });

const state = (revision: number): RegistryState => ({
  ...emptyRegistry,
  revision,
  fences: { shop: revision },
});
const fences = async () => (await new RegistryFile(directory).load(log)).fences;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fairway-registry-'));
  file = new RegistryFile(directory);
  logged = '';
});

afterEach(() => rm(directory, { recursive: true }));

it('begins empty where nothing was saved', async () => {
  expect(await file.load(log)).toEqual(emptyRegistry);
  expect(logged).toBe('');
});

it('loads what was saved last, under a higher revision than was ever shown', async () => {
  await file.save(state(1));
  await file.save(state(2));
  expect(await fences()).toEqual({ shop: 2 });
  expect((await file.load(log)).revision).toBeGreaterThan(100);
});

it('resolves each of many saves at once only when its state or a later one is on the disk', async () => {
  const saves = Array.from({ length: 20 }, async (_, index) => {
    await file.save(state(index));
    return JSON.parse(await readFile(file.path, 'utf8')).revision >= index;
  });
  expect(new Set(await Promise.all(saves))).toEqual(new Set([true]));
  expect(await fences()).toEqual({ shop: 19 });
});

it('leaves a private file and its backup, and nothing else', async () => {
  await file.save(state(1));
  await file.save(state(2));
  expect((await readdir(directory)).sort()).toEqual(['registry.json', 'registry.json.bak']);
  expect((await stat(file.path)).mode & 0o777).toBe(0o600);
});

it.each([
  ['cut', '{"revision":2,'],
  ['empty', ''],
  ['of another shape', '{"revision":"two","fences":{},"pools":{}}'],
])('takes the backup where the file is %s, keeps it for people, and says so', async (_name, text) => {
  await file.save(state(1));
  await file.save(state(2));
  await writeFile(file.path, text);
  expect(await fences()).toEqual({ shop: 1 });
  expect(logged).toContain('cannot be read');
  expect(await readFile(`${file.path}.corrupt`, 'utf8')).toBe(text);
});
