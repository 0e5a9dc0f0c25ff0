import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivately } from '../private-file.ts';
import { newSecret } from './secrets.ts';

/** What webhooks sign alerts with: made once, and kept where only the server's user can read it. */
export function alertKeyIn(stateDirectory: string): string {
  const path = join(stateDirectory, 'alerts.key');
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const key = newSecret();
    writePrivately(path, `${key}\n`);
    return key;
  }
}
