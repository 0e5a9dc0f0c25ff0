import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCli } from '../../../test/support/command-line.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairway-secrets-'));
  const apps = 'apps: { shop: { runtime: node, secrets: [PASSWORD] } }\n';
  writeFileSync(join(folder, 'fairway.yml'), `name: test\n${apps}`);
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (words: readonly string[], stdin?: string) =>
  runCli(['secrets', ...words], {
    cwd: folder,
    env: { HOME: join(folder, 'home') },
    ...(stdin !== undefined && { stdin }),
  });

test('the first secret makes the key, and says plainly to keep it safe', async () => {
  const first = await run(['set', 'shop', 'PASSWORD'], 'hunter22\n');
  const key = join(folder, 'home/.config/fairway/keys/test.key');
  expect(first).toMatchObject({
    exitCode: 0,
    out: 'PASSWORD of shop is set, encrypted in secrets/test/shop/PASSWORD.age.\n',
  });
  expect(first.err).toContain(`Made a key: ${key}\nBack it up where only you can read it`);
  expect(first.err).toContain('Next: commit it, then have instances restarted with it: fairway apply');
  expect(existsSync(key)).toBe(true);
  const second = await run(['set', 'shop', 'PASSWORD'], 'hunter23\n');
  expect(second.err).not.toContain('key');
});

test('anyone can set one who has the public keys and not the private one', async () => {
  await run(['init']);
  rmSync(join(folder, 'home'), { recursive: true });
  expect((await run(['set', 'shop', 'PASSWORD'], 'hunter22')).exitCode).toBe(0);
  expect(existsSync(join(folder, 'home'))).toBe(false);
});

test('the list tells which have values, and no value', async () => {
  const untold = await run(['set', 'shop', 'OTHER'], 'hunter22');
  expect(untold.err).toContain('Next: name it in fairway.yml');
  const { out } = await run(['list']);
  expect(out.split('\n')).toEqual([
    'APP   NAME      VALUE',
    'shop  OTHER     set, but not named in fairway.yml',
    'shop  PASSWORD  has no value',
    '',
  ]);
  const listed = JSON.parse((await run(['list', '--json'])).out) as unknown;
  expect(listed).toContainEqual({ app: 'shop', name: 'PASSWORD', state: 'missing' });
});

test('a removed one that is still named is said to stand in the way of deploys', async () => {
  await run(['set', 'shop', 'PASSWORD'], 'hunter22');
  const removed = await run(['remove', 'shop', 'PASSWORD']);
  expect(removed.err).toContain('take PASSWORD out of apps.shop.secrets in fairway.yml');
  expect(await run(['remove', 'shop', 'PASSWORD'])).toMatchObject({ exitCode: 2 });
  expect(await run(['remove', '..', '../fairway'])).toMatchObject({ exitCode: 2 });
});

test.each([
  [['set', 'shp', 'PASSWORD'], 'hunter22', 'there is no app "shp"', 'did you mean "shop"?'],
  [['set', 'shop', '../PASSWORD'], 'hunter22', '"../PASSWORD" is no name', ''],
  [['set', 'shop', 'PASSWORD'], '\n', 'the value is empty', ''],
  [['set', 'shop', 'PASSWORD', 'hunter22'], '', 'too many arguments', ''],
  [['set', 'shop', 'PASSWORD'], 'x'.repeat(65_537), 'the value is larger than 64 kB', ''],
])('%j is refused and changes nothing', async (words, stdin, message, hint) => {
  const refused = await run(words, stdin);
  expect(refused.exitCode).not.toBe(0);
  expect(refused.err).toContain(message);
  expect(refused.err).toContain(hint);
  expect(refused.err).not.toContain('hunter22');
  expect(existsSync(join(folder, 'secrets/test/shop'))).toBe(false);
});

test('a key that another production of this name has is taken, and said', async () => {
  await run(['init']);
  const recipients = join(folder, 'secrets/test/recipients.txt');
  const before = readFileSync(recipients, 'utf8');
  rmSync(recipients);
  expect((await run(['init'])).err).toContain('Took the key that is there');
  expect(readFileSync(recipients, 'utf8')).toBe(before);
  expect((await run(['init'])).out).toContain('There are keys already');
});
