import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type SecretsPlace, secretFile, secretsDirectory } from '../config/secret-files.ts';
import { encrypt } from './encryption.ts';
import { createKey, type Key, readKey } from './key-file.ts';
import { secretValue } from './value.ts';

/** The encrypted secrets beside a `fairway.yml`: a file for each, and one with the public keys that they are closed with. */
export class SecretStore {
  readonly #place: SecretsPlace;

  constructor(place: SecretsPlace) {
    this.#place = place;
  }

  get recipientsFile(): string {
    return join(secretsDirectory(this.#place), 'recipients.txt');
  }

  fileOf(app: string, name: string): string {
    return secretFile(this.#place, app, name);
  }

  /** Public keys, one a line, as `age --recipients-file` takes them; none before {@link open}. */
  recipients(): readonly string[] {
    if (!existsSync(this.recipientsFile)) return [];
    const lines = readFileSync(this.recipientsFile, 'utf8').split('\n');
    return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  }

  /** Makes the store usable: takes the key of `keyFile`, made if there is none, as its first recipient. */
  async open(keyFile: string, now: number): Promise<{ key: Key; isNew: boolean }> {
    const known = await readKey(keyFile);
    const key = known ?? (await createKey(keyFile, now));
    write(
      this.recipientsFile,
      `# Who can read the secrets beside this file; the keys themselves are kept elsewhere.\n${key.recipient}\n`,
    );
    return { key, isNew: known === undefined };
  }

  /** Throws {@link UnfitSecret}. */
  async set(app: string, name: string, bytes: Uint8Array): Promise<void> {
    const value = secretValue(bytes);
    write(this.fileOf(app, name), await encrypt(value, this.recipients()));
  }

  /** False when there was none. */
  remove(app: string, name: string): boolean {
    if (!existsSync(this.fileOf(app, name))) return false;
    rmSync(this.fileOf(app, name));
    return true;
  }

  /** Names of those that have a value, by app. */
  names(): readonly { readonly app: string; readonly name: string }[] {
    return foldersIn(secretsDirectory(this.#place)).flatMap((app) =>
      readdirSync(join(secretsDirectory(this.#place), app))
        .filter((file) => file.endsWith('.age'))
        .sort()
        .map((file) => ({ app, name: file.slice(0, -'.age'.length) })),
    );
  }
}

function foldersIn(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
