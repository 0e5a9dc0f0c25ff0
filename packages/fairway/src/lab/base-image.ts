import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { LabProblem } from './lab-problem.ts';
import { withBaseLock } from './locks.ts';
import { cacheDirectory } from './paths.ts';

/** A small Debian with what a machine at a provider has on its first day: systemd, sshd, Python for Ansible. */
const RECIPE = {
  suite: 'bookworm',
  packages: [
    'ca-certificates',
    'curl',
    'dbus',
    'iproute2',
    'openssh-server',
    'python3-apt',
    'python3-minimal',
    'rsync',
    'sudo',
    'systemd',
    'systemd-sysv',
  ],
  options: [
    '--variant=minbase',
    // The package lists stay, so that a host installs without fetching them first.
    '--skip=cleanup/apt/lists',
    '--aptopt=Acquire::Languages "none"',
  ],
  /** Counts up when {@link finish} changes. */
  finish: 1,
};

/** Names the image that the present recipe makes. */
export const baseDigest = createHash('sha256').update(JSON.stringify(RECIPE)).digest('hex').slice(0, 12);

export function baseDirectory(digest: string): string {
  return join(cacheDirectory, `base-${digest}`);
}

/** Builds the base image unless it is there; two builders at once make one image. */
export async function ensureBaseImage(onBuild: () => void): Promise<void> {
  if (existsSync(baseDirectory(baseDigest))) return;
  await withBaseLock(async () => {
    if (existsSync(baseDirectory(baseDigest))) return;
    onBuild();
    removeHalfBuilt();
    await build();
  });
}

async function build(): Promise<void> {
  mkdirSync(cacheDirectory, { recursive: true, mode: 0o755 });
  const folder = mkdtempSync(join(cacheDirectory, 'building-'));
  const root = join(folder, 'root');
  try {
    await run('mmdebstrap', [
      '--quiet',
      ...RECIPE.options,
      `--include=${RECIPE.packages.join(',')}`,
      RECIPE.suite,
      root,
    ]);
    finish(root);
    renameSync(root, baseDirectory(baseDigest));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new LabProblem(
      'lab-base-image',
      `the base image could not be built: ${reason}`,
      'check that deb.debian.org can be reached from this machine, then try again',
      error,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Takes out what every machine must have of its own. */
function finish(root: string): void {
  const ssh = join(root, 'etc/ssh');
  const keys = readdirSync(ssh).filter((name) => name.startsWith('ssh_host_'));
  for (const key of keys) rmSync(join(ssh, key));
  for (const name of ['etc/hostname', 'etc/resolv.conf']) rmSync(join(root, name), { force: true });
  writeFileSync(join(root, 'etc/machine-id'), '');
}

/** What a builder left that was killed. Only called by the one who holds the lock. */
function removeHalfBuilt(): void {
  if (!existsSync(cacheDirectory)) return;
  for (const name of readdirSync(cacheDirectory).filter((one) => one.startsWith('building-'))) {
    rmSync(join(cacheDirectory, name), { recursive: true, force: true });
  }
}
