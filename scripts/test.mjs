// npm test [-- FILTER…]: installs what is missing, builds, checks, and runs every test. Says what it skips and why.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installDebianPackages, LAB_PACKAGES } from './debian.mjs';
import { build, installPackages, root, run } from './workspace.mjs';

const filters = process.argv.slice(2);

installDebianPackages([
  ...['age', 'curl', 'faketime', 'git', 'git-lfs', 'haproxy', 'openssh-server', 'openssl', 'python3'],
  ...LAB_PACKAGES,
  // The linters of what sets machines up, and the collection for AWS.
  ...['ansible-lint', 'python3-boto3', 'python3-venv', 'shellcheck'],
]);
installPackages();
build();
if (filters.length === 0) checks();
process.exit(tests());

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
