// npm test [-- FILTER…]: installs what is missing, builds, checks, and runs every test. Says what it skips and why.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, installPackages, root, run } from './workspace.mjs';

const filters = process.argv.slice(2);

installDebianPackages(['age', 'ansible-core', 'git', 'git-lfs', 'openssh-server', 'openssl']);
// For the lab: real machines on this one.
installDebianPackages([
  'debian-archive-keyring',
  'iproute2',
  'mmdebstrap',
  'nftables',
  'openssh-client',
  'systemd-container',
]);
installDebianPackages(['haproxy', 'python3']);
// For provisioning; with the collection for AWS.
installDebianPackages(['ansible', 'ansible-lint', 'python3-boto3', 'python3-venv', 'shellcheck']);
installPackages();
build();
if (filters.length === 0) checks();
process.exit(tests());

/** As root on Debian missing packages are installed; elsewhere the tests that need them say that they are skipped. */
function installDebianPackages(names) {
  const missing = names.filter((name) => spawnSync('dpkg', ['-s', name], { stdio: 'ignore' }).status !== 0);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) {
    console.log(
      `Not installed, and not root on Debian: ${missing.join(', ')}. Tests that need them are skipped.`,
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

function checks() {
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json']);
  run(process.execPath, [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'check', '.']);
  run(process.execPath, [join(root, 'node_modules/eslint/bin/eslint.js'), '.']);
  run(process.execPath, [join(root, 'node_modules/knip/bin/knip.js')]);
}

/** Runs vitest, and closes with one line that any tool can read. */
function tests() {
  const folder = mkdtempSync(join(tmpdir(), 'fairway-test-report-'));
  const report = join(folder, 'report.json');
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...filters], {
    cwd: root,
    stdio: 'inherit',
  });
  try {
    const { numPassedTests, numFailedTests, numPendingTests, success } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    // A file that could not even be loaded fails the run without a failed test.
    const failed = numFailedTests === 0 && !success ? 1 : numFailedTests;
    console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests} skipped`);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return status ?? 1;
}
