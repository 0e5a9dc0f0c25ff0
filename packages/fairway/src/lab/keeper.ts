import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { baseDirectory } from './base-image.ts';
import { namespaceName, portName } from './naming.ts';
import { hostPaths, packageCache } from './paths.ts';
import type { HostRecord, LabRecord } from './record.ts';

/** systemd-nspawn ends so when the machine inside has asked for a reboot. */
const REBOOT_STATUS = 133;

/**
 * The process that keeps a machine: it runs the machine, and after a reboot from within has it started anew. It goes
 * to a subgroup, because a control group with processes in it cannot pass limits on. All that varies comes in through
 * the environment.
 */
const KEEPER = `
set -eu
: "\${FAIRWAY_LAB_GROUP:=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)}"
export FAIRWAY_LAB_GROUP
mkdir -p "$FAIRWAY_LAB_GROUP/keeper"
echo $$ > "$FAIRWAY_LAB_GROUP/keeper/cgroup.procs"
cat /proc/$$/stat > "$FAIRWAY_LAB_KEEPER.new"
mv "$FAIRWAY_LAB_KEEPER.new" "$FAIRWAY_LAB_KEEPER"
status=0
unshare --mount --propagation slave -- sh -c "$FAIRWAY_LAB_MACHINE" machine "$@" || status=$?
ip link set "$FAIRWAY_LAB_PORT" down || true
if [ $status = ${REBOOT_STATUS} ]; then
  if [ -n "$FAIRWAY_LAB_HOME_GROUP" ]; then echo $$ > "$FAIRWAY_LAB_HOME_GROUP/cgroup.procs"; fi
  exec "$FAIRWAY_LAB_NODE" "$FAIRWAY_LAB_PROGRAM" lab start --name "$FAIRWAY_LAB_NAME" -- "$FAIRWAY_LAB_HOST"
fi
exit $status
`;

/** Mounts the disk in a mount namespace of its own, so that nothing is left of it whatever happens. */
const MACHINE = `
set -eu
echo $$ > "$FAIRWAY_LAB_GROUP/cgroup.procs"
mount -o loop,noatime,discard "$FAIRWAY_LAB_DISK" "$FAIRWAY_LAB_DISK_MOUNT"
layers="lowerdir=$FAIRWAY_LAB_BASE,upperdir=$FAIRWAY_LAB_DISK_MOUNT/upper,workdir=$FAIRWAY_LAB_DISK_MOUNT/work"
mount -t overlay -o "$layers" overlay "$FAIRWAY_LAB_ROOT"
exec "$@"
`;

export interface KeeperCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Where the machine's processes are accounted for. */
export type Accounting =
  | { readonly kind: 'scope' }
  | {
      readonly kind: 'group';
      readonly group: string;
      /** Where the keeper goes when the group shall be empty. */
      readonly home: string;
    };

/** The keeper of a host as a command to run. */
export function keeperCommand(record: LabRecord, host: HostRecord, accounting: Accounting): KeeperCommand {
  const words = ['sh', '-c', KEEPER, 'keeper', ...nspawnCommand(record.name, host)];
  const [program, ...args] = accounting.kind === 'scope' ? inScope(record, host, words) : words;
  return { program: program!, args, environment: keeperEnvironment(record, host, accounting) };
}

/** A scope of systemd; after a reboot there is another one, while the one before may still be there. */
function inScope(record: LabRecord, host: HostRecord, words: readonly string[]): readonly string[] {
  const unit = `${machineName(record.name, host)}-${randomBytes(4).toString('hex')}`;
  const { memoryBytes } = record;
  return [
    ...['systemd-run', '--scope', '--quiet', '--collect', '--slice=machine.slice', `--unit=${unit}`],
    `--description=Machine ${host.name} of the lab ${record.name}`,
    ...['--property=Delegate=yes', '--property=TasksMax=infinity'],
    ...(memoryBytes === undefined ? [] : [`--property=MemoryMax=${memoryBytes}`]),
    ...['--', ...words],
  ];
}

function keeperEnvironment(
  record: LabRecord,
  host: HostRecord,
  accounting: Accounting,
): Readonly<Record<string, string>> {
  const paths = hostPaths(record.name, host.name);
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C',
    // A machine may set what belongs to its own network.
    SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network',
    // Control groups as Debian 12 has them, whatever this machine uses.
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1',
    // Debian has /tmp on the disk.
    SYSTEMD_NSPAWN_TMPFS_TMP: '0',
    FAIRWAY_LAB_GROUP: accounting.kind === 'group' ? accounting.group : '',
    FAIRWAY_LAB_HOME_GROUP: accounting.kind === 'group' ? accounting.home : '',
    FAIRWAY_LAB_MACHINE: MACHINE,
    FAIRWAY_LAB_KEEPER: paths.keeper,
    FAIRWAY_LAB_PORT: machineName(record.name, host),
    FAIRWAY_LAB_DISK: paths.disk,
    FAIRWAY_LAB_DISK_MOUNT: paths.diskMount,
    FAIRWAY_LAB_BASE: baseDirectory(record.base),
    FAIRWAY_LAB_ROOT: paths.root,
    FAIRWAY_LAB_NODE: process.execPath,
    FAIRWAY_LAB_PROGRAM: fileURLToPath(new URL('../../bin/fairway.js', import.meta.url)),
    FAIRWAY_LAB_NAME: record.name,
    FAIRWAY_LAB_HOST: host.name,
  };
}

/** A name for nspawn's own files, of limited length: the one that the host's cable has. */
export function machineName(lab: string, { address }: HostRecord): string {
  return portName(lab, address);
}

function nspawnCommand(lab: string, host: HostRecord): readonly string[] {
  const { root, diskMount } = hostPaths(lab, host.name);
  return [
    'systemd-nspawn',
    '--quiet',
    '--settings=no',
    '--register=no',
    '--keep-unit',
    '--boot',
    `--directory=${root}`,
    `--machine=${machineName(lab, host)}`,
    `--hostname=${host.name}`,
    `--network-namespace-path=/run/netns/${namespaceName(lab, host.name)}`,
    '--capability=CAP_NET_ADMIN',
    '--console=pipe',
    '--link-journal=no',
    '--resolv-conf=off',
    '--timezone=off',
    // Downloaded once, a package is there for all labs. Each host has a lock and a layer of its own over the cache.
    `--overlay=${packageCache}:${diskMount}/packages:/var/cache/apt/archives`,
  ];
}
