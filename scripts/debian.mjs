// Debian's packages, for what npm cannot install.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { run } from './workspace.mjs';

/** Real machines on this one, and what sets them up. */
export const LAB_PACKAGES = [
  ...['debian-archive-keyring', 'iproute2', 'mmdebstrap', 'nftables', 'openssh-client', 'systemd-container'],
  ...['ansible', 'ansible-core'],
];

/** As root on Debian missing packages are installed; elsewhere the tests that need them say that they are skipped. */
export function installDebianPackages(names) {
  const missing = names.filter((name) => spawnSync('dpkg', ['-s', name], { stdio: 'ignore' }).status !== 0);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) {
    console.log(
      `Not installed, and not root on Debian: ${missing.join(', ')}. What needs them is skipped, or says so.`,
    );
    return;
  }
  console.log(`Installing ${missing.join(', ')}…`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], { env });
  withoutStartingServices(() =>
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env }),
  );
}

/** A package may start its service when it is installed; this machine's ports are none of the tests' business. */
function withoutStartingServices(install) {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return install();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  // Also where the installation fails and ends this process.
  process.once('exit', () => rmSync(policy));
  install();
}
