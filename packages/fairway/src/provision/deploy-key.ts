import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { execa } from 'execa';
import type { Host } from '../config/production.ts';
import { provisionPaths } from './paths.ts';

/** Makes the key pair of a state directory unless it is there, and gives its public key. */
export async function ensureDeployKey(stateDirectory: string, comment: string): Promise<string> {
  const { deployKey } = provisionPaths(stateDirectory);
  if (!existsSync(deployKey)) {
    await mkdir(dirname(deployKey), { recursive: true, mode: 0o700 });
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', deployKey]);
  }
  return (await readFile(`${deployKey}.pub`, 'utf8')).trim();
}

/** Public keys that a host lets in as the user who deploys: Fairway's own, and that of the file's `identity_file`. */
export async function authorizedKeys(hosts: readonly Host[], own: string): Promise<string[]> {
  const files = new Set(hosts.map(({ ssh }) => ssh.identityFile).filter((file) => file !== undefined));
  const given = await Promise.all([...files].map(publicKey));
  return [...new Set([own, ...given])];
}

async function publicKey(identityFile: string): Promise<string> {
  const beside = await readFile(`${identityFile}.pub`, 'utf8').catch(() => undefined);
  if (beside !== undefined) return beside.trim();
  const { stdout } = await execa('ssh-keygen', ['-y', '-P', '', '-f', identityFile], { reject: false });
  if (stdout) return stdout.trim();
  throw new NoPublicKey(identityFile);
}

/** The key that `fairway.yml` names cannot be read without its passphrase. */
export class NoPublicKey extends Error {
  override readonly name = 'NoPublicKey';
  readonly code = 'no-public-key';
  readonly hint: string;
  constructor(identityFile: string) {
    super(`the public key of ${identityFile} cannot be found out`);
    this.hint = `Put it into ${identityFile}.pub, or name another identity_file`;
  }
}
