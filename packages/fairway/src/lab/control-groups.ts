import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Each machine needs a control group of its own: systemd-nspawn would else start all of them in one, and their
 * systemds would take each other's services for their own.
 */
export function makeControlGroups(lab: string, host: string): readonly string[] {
  const groups = controlGroups(lab, host);
  for (const group of groups) mkdirSync(group, { recursive: true });
  return groups;
}

/** Removes those of a host, or of the whole lab. False while a process is left in them. */
export function removeControlGroups(lab: string, host?: string): boolean {
  return controlGroups(lab, host).every((group) => {
    if (!removeTree(group)) return false;
    for (let above = dirname(group); above.includes('/fairway-lab'); above = dirname(above)) {
      if (!existsSync(above) || subgroups(above).length > 0) break;
      removeGroup(above);
    }
    return true;
  });
}

function controlGroups(lab: string, host?: string): readonly string[] {
  return hierarchies().map((mount) => join(mount, 'fairway-lab', lab, ...(host === undefined ? [] : [host])));
}

/** Where systemd keeps its tree: the unified hierarchy, and on older set-ups one named systemd. */
function hierarchies(): readonly string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(
      ([, , type, options = '']) =>
        type === 'cgroup2' || (type === 'cgroup' && options.split(',').includes('name=systemd')),
    )
    .map(([, mount]) => mount!);
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
