import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Each machine needs a control group of its own: systemd-nspawn would else start all of them in one, and their
 * systemds would take each other's services for their own. Where systemd runs this machine it gives each a scope.
 */
export function hasScopes(): boolean {
  return existsSync('/run/systemd/system') && existsSync('/sys/fs/cgroup/cgroup.controllers');
}

/** Whether a machine's memory can be limited; with control groups v1 it cannot. */
export function canLimitMemory(): boolean {
  const mount = unifiedHierarchy();
  return mount !== undefined && readFileSync(join(mount, 'cgroup.controllers'), 'utf8').includes('memory');
}

/** Where control groups v2 are mounted; undefined on a machine without them. */
export function unifiedHierarchy(): string | undefined {
  return hierarchies().find(({ isUnified }) => isUnified)?.mount;
}

/** All of them, v1 ones included: systemd-nspawn makes a machine's groups in several. */
function hierarchies(): readonly { readonly mount: string; readonly isUnified: boolean }[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup2' || type === 'cgroup')
    .map(([, mount, type]) => ({ mount: mount!, isUnified: type === 'cgroup2' }));
}

/** Makes the control group of a machine, where there are no scopes. */
export function makeControlGroup(lab: string, host: string, memoryBytes: number | undefined): string {
  const group = join(unifiedHierarchy()!, ...pathOf(lab, host));
  mkdirSync(group, { recursive: true });
  if (canLimitMemory()) delegate(lab);
  if (memoryBytes !== undefined && existsSync(join(group, 'memory.max'))) {
    writeFileSync(join(group, 'memory.max'), String(memoryBytes));
  }
  return group;
}

/** What a machine may limit in its own services has to be passed on by every group above it. */
function delegate(lab: string): void {
  for (const path of [[], ['fairway-lab'], ['fairway-lab', lab]]) {
    writeFileSync(join(unifiedHierarchy()!, ...path, 'cgroup.subtree_control'), '+memory +cpu +pids');
  }
}

/** Removes those of a host, or of the whole lab. False while a process is left in them. */
export function removeControlGroups(lab: string, host?: string): boolean {
  return hierarchies().every(({ mount }) => {
    const group = join(mount, ...pathOf(lab, host));
    if (!removeTree(group)) return false;
    for (let above = dirname(group); above.includes('/fairway-lab'); above = dirname(above)) {
      if (!existsSync(above) || subgroups(above).length > 0) break;
      removeGroup(above);
    }
    return true;
  });
}

function pathOf(lab: string, host: string | undefined): readonly string[] {
  return ['fairway-lab', lab, ...(host === undefined ? [] : [host])];
}

function removeTree(group: string): boolean {
  if (!existsSync(group)) return true;
  return subgroups(group).every((name) => removeTree(join(group, name))) && removeGroup(group);
}

/** False while it is in use, by a process or by another lab's group that has just been made in it. */
function removeGroup(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
    throw error;
  }
}

function subgroups(group: string): readonly string[] {
  return readdirSync(group, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}
