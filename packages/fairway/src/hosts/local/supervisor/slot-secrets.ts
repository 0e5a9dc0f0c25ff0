import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { writePrivately } from '../../../private-file.ts';

/** The secrets of what runs in one slot, in a file that only its owner can read: they outlive a restart of the machine. */
export class SlotSecrets {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Keeps exactly these; false when there are none. */
  keep(values: Readonly<Record<string, string>> | undefined): boolean {
    if (!values || Object.keys(values).length === 0) {
      this.forget();
      return false;
    }
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    writePrivately(this.#file, JSON.stringify(values));
    return true;
  }

  /** Throws {@link SecretsLost}. */
  read(): Readonly<Record<string, string>> {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as Record<string, string>;
    } catch {
      throw new SecretsLost(this.#file);
    }
  }

  forget(): void {
    rmSync(this.#file, { force: true });
  }
}

/** What an instance needs to start is gone; only the control server has it again. */
export class SecretsLost extends Error {
  override readonly name = 'SecretsLost';
  readonly code = 'secrets-lost';
  constructor(file: string) {
    super(`could not be started: its secrets cannot be read from ${file}; deploy the app again`);
  }
}
