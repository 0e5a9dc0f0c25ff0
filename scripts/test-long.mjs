// npm run test:long: what npm test does once, many times: the faults of a whole production in the lab, and other random histories.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './workspace.mjs';

const FAULT_REPEATS = '10';
const HISTORIES = '40000';

const tests = [
  { FAIRWAY_HISTORIES: HISTORIES, FAIRWAY_SEED: String(Date.now() % 2 ** 31), of: 'decide.property' },
  { FAIRWAY_REPEATS: FAULT_REPEATS, of: 'fault-table' },
];
let failed = 0;
for (const { of, ...environment } of tests) {
  for (const [name, value] of Object.entries(environment)) console.log(`${name}=${value}`);
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/test.mjs'), of], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  if (status !== 0) failed += 1;
}
process.exit(failed);
