import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '../check.ts';
import { CONTROL_MACHINE, ok, warning } from '../finding.ts';

const DAY_MS = 86_400_000;
const LONG_DAYS = 60;

/** How long ago Ansible has looked at the machines: what drifts away unseen is found too late. */
export const lastProvision: Check = {
  name: 'provision',
  concerns: (machine) => machine.name === CONTROL_MACHINE,
  async examine(_machine, { production, stateDirectory, now }) {
    if (production.provider === 'local') return [];
    const at = statSync(join(stateDirectory, 'provision', 'ansible.log'), { throwIfNoEntry: false })?.mtimeMs;
    // This may be the machine that was set up to steer the others; then it is known elsewhere.
    if (at === undefined && production.hosts.some(({ roles }) => roles.includes('control'))) return [];
    if (at === undefined)
      return [warning('the machines were never set up from here', 'Run "fairway provision"')];
    const days = Math.floor((now() - at) / DAY_MS);
    if (days > LONG_DAYS)
      return [
        warning(`the machines were looked at ${days} days ago`, 'See what differs by now: fairway plan'),
      ];
    return [
      ok(days === 0 ? 'the machines were looked at today' : `the machines were looked at ${days} days ago`),
    ];
  },
};
