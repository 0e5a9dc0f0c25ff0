import { existsSync, statSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { readKey } from '../../secrets/key-file.ts';
import { SecretStore } from '../../secrets/secret-store.ts';
import type { Check } from '../check.ts';
import { CONTROL_MACHINE, failure, ok, warning } from '../finding.ts';

/** The key that opens the secrets is here, whole, private, and one of those that they are closed with. */
export const keyFile: Check = {
  name: 'secrets',
  concerns: (machine) => machine.name === CONTROL_MACHINE,
  async examine(_machine, { production, keyFile: file }) {
    const store = new SecretStore(production);
    const isUsed = store.names().length > 0 || production.apps.some((app) => app.secrets.length > 0);
    if (!isUsed) return [];
    if (!existsSync(file))
      return [
        failure(`the key that opens the secrets is missing: ${file}`, 'Put your backup of it there (0600)'),
      ];
    if ((statSync(file).mode & 0o077) !== 0)
      return [failure(`others may read the key ${file}`, `Close it: chmod 600 ${file}`)];
    let recipient: string | undefined;
    try {
      recipient = (await readKey(file))?.recipient;
    } catch (error) {
      return [failure((error as Error).message, 'Put your backup of it there (0600)')];
    }
    if (!store.recipients().includes(recipient!))
      return [
        failure(
          `the key ${file} is none of those that the secrets are closed with (${store.recipientsFile})`,
          'Name the right one with FAIRWAY_KEY_FILE',
        ),
      ];
    if (!relative(dirname(production.file), file).startsWith('..'))
      return [
        warning(
          `the key ${file} lies beside fairway.yml, where it is easily committed`,
          'Move it out of there',
        ),
      ];
    return [ok(`the key ${file} opens the secrets`)];
  },
};
