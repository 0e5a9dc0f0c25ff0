import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';

/** The private half opens secrets, and never leaves this machine; the public half, the recipient, closes them. */
export interface Key {
  readonly identity: string;
  readonly recipient: string;
}

/** FAIRWAY_KEY_FILE, or a file of the production's name in the user's configuration: never in a repository. */
export function keyFilePath(production: string, env: Readonly<Record<string, string | undefined>>): string {
  if (env.FAIRWAY_KEY_FILE) return resolve(env.FAIRWAY_KEY_FILE);
  const configuration = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  return join(configuration, 'fairway', 'keys', `${production}.key`);
}

/** Reads a key as `age-keygen` writes it. Undefined when there is none; throws {@link KeyUnreadable}. */
export async function readKey(file: string): Promise<Key | undefined> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new KeyUnreadable(file, message);
  }
  const identity = text.split('\n').find((line) => line.startsWith('AGE-SECRET-KEY-'));
  if (identity === undefined)
    throw new KeyUnreadable(file, 'it has no line that begins with AGE-SECRET-KEY-');
  try {
    return { identity: identity.trim(), recipient: await identityToRecipient(identity.trim()) };
  } catch {
    throw new KeyUnreadable(file, 'its key is damaged');
  }
}

/** Makes a key that only its owner can read, and never over another one. */
export async function createKey(file: string, now: number): Promise<Key> {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const head = `# created: ${new Date(now).toISOString()}\n# public key: ${recipient}\n`;
  writeFileSync(file, `${head}${identity}\n`, { mode: 0o600, flag: 'wx' });
  return { identity, recipient };
}

/** A key file is there and is none. */
export class KeyUnreadable extends Error {
  override readonly name = 'KeyUnreadable';
  readonly code = 'key-unreadable';
  readonly hint = 'put a backup of the key there, or name another file with FAIRWAY_KEY_FILE';
  constructor(file: string, reason: string) {
    super(`the key ${file} cannot be read: ${reason}`);
  }
}

/** Nothing can be opened without the key. */
export class KeyMissing extends Error {
  override readonly name = 'KeyMissing';
  readonly code = 'key-missing';
  readonly hint = 'put a copy of the key there (0600), or name its file with FAIRWAY_KEY_FILE';
  constructor(file: string) {
    super(`the key that opens the secrets is not on this machine: there is no ${file}`);
  }
}
