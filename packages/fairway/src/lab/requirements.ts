import { existsSync } from 'node:fs';
import { unifiedHierarchy } from './control-groups.ts';
import { LabProblem } from './lab-problem.ts';

/** A program that the lab runs, and the Debian package that has it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'systemd-nspawn': 'systemd-container',
  mmdebstrap: 'mmdebstrap',
  ip: 'iproute2',
  tc: 'iproute2',
  nft: 'nftables',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  'mkfs.ext4': 'e2fsprogs',
  setsid: 'util-linux',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  fallocate: 'util-linux',
};

/** Checks what Debian's mirrors give; Debian itself has it, others need the package. */
const KEYRING = { file: '/usr/share/keyrings/debian-archive-keyring.gpg', package: 'debian-archive-keyring' };

const PLACES = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];

/** What keeps this machine from having a lab, as far as can be told beforehand; undefined when nothing does. */
export function whyNoLab(): LabProblem | undefined {
  if (process.platform !== 'linux') {
    return new LabProblem(
      'lab-unavailable',
      `a lab needs Linux, and this is ${process.platform}`,
      'run it in a virtual machine with Debian 12',
    );
  }
  if (process.getuid?.() !== 0) {
    return new LabProblem(
      'lab-unavailable',
      'a lab starts machines and networks, which only root may do',
      'run it as root: sudo fairway lab …',
    );
  }
  if (unifiedHierarchy() === undefined) {
    return new LabProblem(
      'lab-unavailable',
      'a lab needs control groups v2, which are not mounted here',
      'mount them: mount -t cgroup2 none /sys/fs/cgroup, on a machine of your own',
    );
  }
  const missing = Object.keys(PROGRAMS).filter(
    (name) => !PLACES.some((place) => existsSync(`${place}/${name}`)),
  );
  const packages = missing.map((name) => PROGRAMS[name]!);
  if (!existsSync(KEYRING.file)) {
    missing.push(KEYRING.file);
    packages.push(KEYRING.package);
  }
  if (missing.length === 0) return undefined;
  return new LabProblem(
    'lab-unavailable',
    `a lab needs ${missing.join(', ')}: not installed`,
    `on Debian: apt-get install ${[...new Set(packages)].join(' ')}`,
  );
}

export function requireLabMachine(): void {
  const problem = whyNoLab();
  if (problem) throw problem;
}
