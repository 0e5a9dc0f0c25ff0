import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { productionToStartWith, rememberProduction } from './last-good.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairway-last-good-'));
  file = join(folder, 'fairway.yml');
  await writeFile(file, 'name: shop\napps: { web: { runtime: { type: static } } }\n');
});
afterEach(() => rm(folder, { recursive: true }));

test('a file without problems is what a server starts with', async () => {
  const { production, problems } = await productionToStartWith(file, folder);
  expect(production.name).toBe('shop');
  expect(problems).toBeUndefined();
});

test('a file that was broken since the last start does not keep the production down', async () => {
  const { production } = await productionToStartWith(file, folder);
  await rememberProduction(production, folder);
  await writeFile(file, 'name: shop\napps: { web: { runtme: static } }\n');
  const started = await productionToStartWith(file, folder);
  expect(started.production).toEqual(production);
  expect(started.problems?.message).toContain('runtme');
});

test('a file that never was good is refused', async () => {
  await writeFile(file, 'nonsense');
  await expect(productionToStartWith(file, folder)).rejects.toMatchObject({ code: 'config-problems' });
});

test('what another file was started with does not stand in for this one', async () => {
  const { production } = await productionToStartWith(file, folder);
  await rememberProduction({ ...production, file: join(folder, 'other.yml') }, folder);
  await writeFile(file, 'nonsense');
  await expect(productionToStartWith(file, folder)).rejects.toMatchObject({ code: 'config-problems' });
});
