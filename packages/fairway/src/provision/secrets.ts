import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Production } from '../config/production.ts';
import { writePrivately } from '../private-file.ts';
import { provisionPaths } from './paths.ts';

export type Secrets = Readonly<Record<string, string>>;

/** Variables of the roles that are secret: made up once, and kept in the state directory for its owner only. */
export async function ensureSecrets(production: Production, stateDirectory: string): Promise<Secrets> {
  const { secrets: file } = provisionPaths(stateDirectory);
  const kept = await readSecrets(file);
  const missing = secretNames(production).filter((name) => !Object.hasOwn(kept, name));
  if (missing.length === 0) return kept;
  const made = missing.map((name) => [name, randomBytes(24).toString('base64url')]);
  const secrets = { ...kept, ...Object.fromEntries(made) };
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  writePrivately(file, `${JSON.stringify(secrets, undefined, 2)}\n`);
  return secrets;
}

function secretNames({ hosts }: Production): string[] {
  return hosts.some(({ roles }) => roles.includes('flags')) ? ['flags_password'] : [];
}

async function readSecrets(file: string): Promise<Secrets> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Secrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
