import { join } from 'node:path';

/** What outlives labs: base images, downloaded packages, and the locks. */
export const cacheDirectory = '/var/cache/fairway/lab';
export const packageCache = join(cacheDirectory, 'packages');
export const locksDirectory = join(cacheDirectory, 'locks');

/** One folder per lab. */
export const labsDirectory = '/var/lib/fairway/labs';

/** What a reboot of this machine makes meaningless. */
export const runDirectory = '/run/fairway-lab';

export interface LabPaths {
  readonly directory: string;
  readonly record: string;
  readonly privateKey: string;
  readonly publicKey: string;
  readonly knownHosts: string;
  readonly sshConfig: string;
  readonly run: string;
}

export function labPaths(lab: string): LabPaths {
  const directory = join(labsDirectory, lab);
  return {
    directory,
    record: join(directory, 'lab.json'),
    privateKey: join(directory, 'id_ed25519'),
    publicKey: join(directory, 'id_ed25519.pub'),
    knownHosts: join(directory, 'known_hosts'),
    sshConfig: join(directory, 'ssh_config'),
    run: join(runDirectory, lab),
  };
}

export interface HostPaths {
  readonly directory: string;
  /** The host's disk: an ext4 image with the layer it writes over the base. */
  readonly disk: string;
  /** Where the disk and the root file system are mounted, in a mount namespace of the host's own. */
  readonly diskMount: string;
  readonly root: string;
  readonly hostKey: string;
  readonly console: string;
  /** /proc/PID/stat of the process that keeps the machine, as it was at the start. */
  readonly keeper: string;
  /** The same of the process that makes its packets late, where the kernel cannot. */
  readonly carrier: string;
}

export function hostPaths(lab: string, host: string): HostPaths {
  const { directory: labDirectory, run } = labPaths(lab);
  const directory = join(labDirectory, 'hosts', host);
  return {
    directory,
    disk: join(directory, 'disk.img'),
    diskMount: join(directory, 'disk'),
    root: join(directory, 'root'),
    hostKey: join(directory, 'ssh_host_ed25519_key'),
    console: join(directory, 'console.log'),
    keeper: join(run, `${host}.keeper`),
    carrier: join(run, `${host}.carrier`),
  };
}
