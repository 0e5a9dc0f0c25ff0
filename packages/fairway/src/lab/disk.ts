import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './command.ts';
import { chooseResolvers, type HostFile, hostFiles } from './host-files.ts';
import { hostPaths, labPaths } from './paths.ts';
import type { HostRecord, LabRecord } from './record.ts';

/** A host's disk as mounted has these folders: the layer it writes over the base, and the packages it downloads. */
const DISK_FOLDERS = ['upper', 'work', 'packages'];

/** Makes the disk of a new host: a file that is as large as a disk and takes the space of what is in it. */
export async function ensureDisk(record: LabRecord, host: HostRecord): Promise<void> {
  const paths = hostPaths(record.name, host.name);
  if (existsSync(paths.disk)) return;
  const seed = join(paths.directory, 'seed');
  rmSync(seed, { recursive: true, force: true });
  for (const folder of [...DISK_FOLDERS.map((name) => join(seed, name)), paths.diskMount, paths.root]) {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  }
  writeSeed(join(seed, 'upper'), hostFiles(facts(record, host)));
  const half = `${paths.disk}.new`;
  writeFileSync(half, '', { mode: 0o600 });
  truncateSync(half, record.diskBytes);
  // No journal: the kernel outlives every power cut of the lab. Nothing is kept back for root, so that full is full.
  const options = ['-q', '-F', '-O', '^has_journal', '-m', '0', '-E', 'lazy_itable_init=1', '-d', seed];
  await run('mkfs.ext4', [...options, half]);
  rmSync(seed, { recursive: true });
  renameSync(half, paths.disk);
}

function facts(record: LabRecord, host: HostRecord): Parameters<typeof hostFiles>[0] {
  const { hostKey } = hostPaths(record.name, host.name);
  return {
    record,
    host,
    resolvers: chooseResolvers(
      readFileSync('/etc/resolv.conf', 'utf8'),
      readIfThere('/run/systemd/resolve/resolv.conf'),
    ),
    machineId: randomBytes(16).toString('hex'),
    authorizedKey: readFileSync(labPaths(record.name).publicKey, 'utf8'),
    hostKey: { private: readFileSync(hostKey, 'utf8'), public: readFileSync(`${hostKey}.pub`, 'utf8') },
  };
}

/** Folders in a layer stand for those of the base, so they need the base's modes. */
function writeSeed(layer: string, files: readonly HostFile[]): void {
  for (const { path, mode, content } of files) {
    const file = join(layer, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, content);
    chmodSync(file, mode);
  }
  for (const [folder, mode] of [
    ['etc', 0o755],
    ['etc/ssh', 0o755],
    ['root', 0o700],
    ['root/.ssh', 0o700],
  ] as const) {
    chmodSync(join(layer, folder), mode);
  }
  chmodSync(layer, 0o755);
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Whether the kernel still has the disk in use; it lets go a little after the last process of the machine has ended. */
export function isDiskInUse(disk: string): boolean {
  return readdirSync('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .some((name) => readBacking(name) === disk);
}

function readBacking(loop: string): string | undefined {
  try {
    return readFileSync(`/sys/block/${loop}/loop/backing_file`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
