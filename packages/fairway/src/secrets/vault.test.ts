import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { App } from '../config/production.ts';
import { readProduction } from '../config/read.ts';
import { createKey, keyFilePath } from './key-file.ts';
import { Redactor } from './redactor.ts';
import { SecretStore } from './secret-store.ts';
import { SecretVault } from './vault.ts';

const VALUE = 'line one\n"two" $HOME пароль 🔑';

let folder: string;
let file: string;
let keyFile: string;
let store: SecretStore;
let redactor: Redactor;
let vault: SecretVault;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairway-secrets-'));
  file = join(folder, 'fairway.yml');
  keyFile = join(folder, 'keys', 'production.key');
  writeFileSync(file, 'apps: { web: { runtime: node, secrets: [PASSWORD] } }\n');
  store = new SecretStore({ file, name: 'production' });
  await store.open(keyFile, 0);
  redactor = new Redactor();
  vault = new SecretVault({ stateDirectory: join(folder, 'state'), keyFile, redactor });
});
afterEach(() => rmSync(folder, { recursive: true }));

const set = (value: string) => store.set('web', 'PASSWORD', Buffer.from(value));
const production = () => readProduction(file);
async function keep(): Promise<App> {
  const read = await production();
  await vault.keep(read, read.apps[0]!);
  return read.apps[0]!;
}

describe('a secret', () => {
  test('that fairway.yml names and that has no value is a problem of that line', async () => {
    await expect(production()).rejects.toThrow(
      'fairway.yml:1:41: apps.web.secrets[0]: found PASSWORD, which has no value yet. Give it one: fairway secrets set web PASSWORD',
    );
  });

  test('comes back as it was set, and is known to the redactor from then on', async () => {
    await set(VALUE);
    expect(await vault.valuesOf(await keep())).toEqual({ PASSWORD: VALUE });
    expect(redactor.redact(`<${VALUE}>`)).toBe('<[PASSWORD]>');
  });

  test('stands nowhere in clear, and the key is for its owner only', async () => {
    await set('planted-value-1');
    await keep();
    const names = readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(files.length).toBeGreaterThanOrEqual(5);
    for (const path of files) expect(readFileSync(path, 'latin1'), path).not.toContain('planted-value-1');
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(statSync(join(keyFile, '..')).mode & 0o777).toBe(0o700);
  });

  test('set anew changes what the app is, even to the same value, and what ran before keeps its own', async () => {
    await set('the first value');
    const before = await keep();
    await set('the first value');
    expect((await production()).apps[0]!.secretRevisions).not.toEqual(before.secretRevisions);
    await set('the second value');
    const after = await keep();
    expect(await vault.valuesOf(before)).toEqual({ PASSWORD: 'the first value' });
    expect(await vault.valuesOf(after)).toEqual({ PASSWORD: 'the second value' });
  });

  test('cannot be opened without the key, which is said with where it belongs', async () => {
    await set(VALUE);
    rmSync(keyFile);
    await expect(keep()).rejects.toThrow(`there is no ${keyFile}`);
  });

  test('cannot be opened with another key', async () => {
    await set(VALUE);
    rmSync(keyFile);
    await createKey(keyFile, 0);
    await expect(keep()).rejects.toThrow(`the secret PASSWORD cannot be opened with ${keyFile}`);
  });

  test('that is damaged is not half read', async () => {
    await set(VALUE);
    const path = store.fileOf('web', 'PASSWORD');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^.{20}$/m, ''));
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, -60));
    await expect(keep()).rejects.toThrow('cannot be opened');
  });

  test('removed is a problem again', async () => {
    await set(VALUE);
    expect(store.remove('web', 'PASSWORD')).toBe(true);
    expect(store.remove('web', 'PASSWORD')).toBe(false);
    await expect(production()).rejects.toThrow('which has no value yet');
  });
});

describe('the key', () => {
  test('is where FAIRWAY_KEY_FILE says, or in the configuration of the user', () => {
    expect(keyFilePath('shop', { FAIRWAY_KEY_FILE: '/k' })).toBe('/k');
    expect(keyFilePath('shop', { XDG_CONFIG_HOME: '/x' })).toBe('/x/fairway/keys/shop.key');
    expect(keyFilePath('shop', { HOME: '/home/ada' })).toBe('/home/ada/.config/fairway/keys/shop.key');
  });

  test('is never written over another', async () => {
    await expect(createKey(keyFile, 0)).rejects.toThrow('EEXIST');
    const before = readFileSync(keyFile, 'utf8');
    rmSync(store.recipientsFile);
    expect((await store.open(keyFile, 0)).isNew).toBe(false);
    expect(readFileSync(keyFile, 'utf8')).toBe(before);
  });

  test('that is no key is called that', async () => {
    await set(VALUE);
    writeFileSync(keyFile, 'hello\n');
    await expect(keep()).rejects.toThrow('it has no line that begins with AGE-SECRET-KEY-');
  });
});

describe.skipIf(spawnSync('age', ['--version']).status !== 0)('the command line tool age', () => {
  test('opens what Fairway has closed', async () => {
    await set(VALUE);
    const opened = execFileSync('age', ['--decrypt', '--identity', keyFile, store.fileOf('web', 'PASSWORD')]);
    expect(opened.toString()).toBe(VALUE);
  });

  test.each([[['--armor']], [[]]])('closes what Fairway opens %j', async (options) => {
    await set('something else');
    const path = store.fileOf('web', 'PASSWORD');
    rmSync(path);
    execFileSync('age', [...options, '--recipients-file', store.recipientsFile, '--output', path], {
      input: VALUE,
    });
    expect(existsSync(path)).toBe(true);
    expect(await vault.valuesOf(await keep())).toEqual({ PASSWORD: VALUE });
  });

  test('makes keys that Fairway takes', async () => {
    rmSync(keyFile);
    execFileSync('age-keygen', ['--output', keyFile], { stdio: 'ignore' });
    await store.open(keyFile, 0);
    await set(VALUE);
    expect(await vault.valuesOf(await keep())).toEqual({ PASSWORD: VALUE });
  });
});
