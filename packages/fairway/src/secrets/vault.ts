import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { App } from '../config/production.ts';
import { revisionOf, type SecretsPlace, secretFile } from '../config/secret-files.ts';
import { writePrivately } from '../private-file.ts';
import { decrypt } from './encryption.ts';
import { KeyMissing, readKey } from './key-file.ts';
import type { Redactor } from './redactor.ts';
import type { Secrets } from './secrets.ts';
import { secretValue } from './value.ts';

export interface VaultPlace {
  readonly stateDirectory: string;
  readonly keyFile: string;
  /** Is told every value that is opened. */
  readonly redactor: Redactor;
}

/**
 * Opens secrets for instances. Each value that something was started with is kept, encrypted as it was, under its
 * revision: what is taken back runs with the values that it ran with before.
 */
export class SecretVault implements Secrets {
  readonly #place: VaultPlace;
  /** Values by revision. */
  readonly #opened = new Map<string, string>();

  constructor(place: VaultPlace) {
    this.#place = place;
  }

  async keep(place: SecretsPlace, app: App): Promise<void> {
    for (const [name, revision] of Object.entries(app.secretRevisions ?? {})) {
      if (existsSync(this.#fileOf(revision))) continue;
      const file = secretFile(place, app.name, name);
      const encrypted = readFileSync(file);
      if (revisionOf(encrypted) !== revision) throw new SecretChanged(app.name, name);
      await this.#open(name, revision, encrypted, file);
      mkdirSync(dirname(this.#fileOf(revision)), { recursive: true, mode: 0o700 });
      writePrivately(this.#fileOf(revision), encrypted);
    }
    await this.valuesOf(app);
  }

  async valuesOf(app: App): Promise<Readonly<Record<string, string>> | undefined> {
    const revisions = Object.entries(app.secretRevisions ?? {});
    if (revisions.length === 0) return undefined;
    const values: Record<string, string> = {};
    for (const [name, revision] of revisions) {
      values[name] = this.#opened.get(revision) ?? (await this.#openKept(app.name, name, revision));
    }
    return values;
  }

  async #openKept(app: string, name: string, revision: string): Promise<string> {
    const file = this.#fileOf(revision);
    if (!existsSync(file)) throw new SecretLost(app, name, file);
    return this.#open(name, revision, readFileSync(file), file);
  }

  async #open(name: string, revision: string, encrypted: Buffer, file: string): Promise<string> {
    const key = await readKey(this.#place.keyFile);
    if (!key) throw new KeyMissing(this.#place.keyFile);
    const value = secretValue(
      await decrypt(encrypted, key.identity).catch((cause: unknown) => {
        throw new SecretClosed(name, file, this.#place.keyFile, cause);
      }),
    );
    this.#opened.set(revision, value);
    this.#place.redactor.add(name, value);
    return value;
  }

  #fileOf(revision: string): string {
    return join(this.#place.stateDirectory, 'secrets', `${revision}.age`);
  }
}

/** The key does not fit, or the file is damaged. */
export class SecretClosed extends Error {
  override readonly name = 'SecretClosed';
  readonly code = 'secret-closed';
  constructor(name: string, file: string, keyFile: string, cause: unknown) {
    super(
      `the secret ${name} cannot be opened with ${keyFile}: ${(cause as Error).message}; name the right key with ` +
        `FAIRWAY_KEY_FILE, or set the secret again (${file})`,
      { cause },
    );
  }
}

/** A kept value is gone from the state directory. */
export class SecretLost extends Error {
  override readonly name = 'SecretLost';
  readonly code = 'secret-lost';
  constructor(app: string, name: string, file: string) {
    super(
      `the value of ${name} that ${app} was started with is gone (${file}); deploy ${app} again for the present one`,
    );
  }
}

/** A secret was set anew while it was being read. */
export class SecretChanged extends Error {
  override readonly name = 'SecretChanged';
  readonly code = 'secret-changed';
  constructor(app: string, name: string) {
    super(`the secret ${name} of ${app} was just changed; try again`);
  }
}
