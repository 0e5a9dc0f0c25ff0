import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What names a production's secrets. */
export interface SecretsPlace {
  /** Absolute path of its `fairway.yml`. */
  readonly file: string;
  /** Its name. */
  readonly name: string;
}

/** Folder of a production's encrypted secrets, to be committed with its file. */
export function secretsDirectory({ file, name }: SecretsPlace): string {
  return join(dirname(file), 'secrets', name);
}

/** A secret's value, encrypted in the age format. */
export function secretFile(place: SecretsPlace, app: string, name: string): string {
  return join(secretsDirectory(place), app, `${name}.age`);
}

/**
 * Tells one value of a secret from another without telling anything of it: every encryption begins with fresh random
 * numbers, so the digest of what it gives is one too.
 */
export function revisionOf(encrypted: Buffer): string {
  return createHash('sha256').update(encrypted).digest('hex').slice(0, 16);
}

/** The revision of the value that a secret has now; undefined when it has none. */
export function presentRevision(place: SecretsPlace, app: string, name: string): string | undefined {
  try {
    return revisionOf(readFileSync(secretFile(place, app, name)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
