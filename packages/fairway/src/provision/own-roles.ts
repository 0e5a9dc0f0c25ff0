import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ANSIBLE_FOLDER } from './run-playbook.ts';

/** In the order in which they run on a host that has several. */
const ORDER = ['app', 'balancer', 'flags', 'control'];

/** The Ansible roles for roles of hosts that come with Fairway, `base` aside. */
export async function ownRoles(): Promise<string[]> {
  const present = new Set(await readdir(join(ANSIBLE_FOLDER, 'roles')));
  return ORDER.filter((role) => present.has(role));
}
