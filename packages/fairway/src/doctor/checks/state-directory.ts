import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '../check.ts';
import { CONTROL_MACHINE, failure, type Observation, ok, warning } from '../finding.ts';

/** What no one but its owner may read: tokens, keys, environments. */
const PRIVATE = ['server.json', 'ssh/id_ed25519', 'provision/secrets.json', 'supervisor/supervisor.json'];

export const stateDirectory: Check = {
  name: 'state',
  concerns: (machine) => machine.name === CONTROL_MACHINE,
  async examine(_machine, { stateDirectory: folder }) {
    if (!existsSync(folder))
      return [warning(`${folder} does not exist yet`, 'Start the control server: fairway serve')];
    const own = process.getuid?.();
    const { uid } = statSync(folder);
    if (own !== undefined && uid !== own)
      return [failure(`${folder} belongs to user ${uid}, and you are ${own}`, 'Run fairway as its owner')];
    const open = ['.', ...PRIVATE].map((name) => join(folder, name)).filter(isOpenToOthers);
    if (open.length === 0) return [ok(`${folder} is private`)];
    return open.map(
      (path): Observation => failure(`others may read ${path}`, `Close it: chmod go-rwx ${path}`),
    );
  },
};

function isOpenToOthers(path: string): boolean {
  return existsSync(path) && (statSync(path).mode & 0o077) !== 0;
}
