import { defineConfig } from 'vitest/config';

const unit = {
  name: 'unit',
  include: ['packages/*/src/**/*.test.ts', 'packages/*/test/contracts/**/*.test.ts'],
  testTimeout: 30_000,
  hookTimeout: 60_000,
  // Two cores: more workers than that only makes the timing of real processes worse.
  maxWorkers: 2,
  sequence: { groupOrder: 1 },
};

/** Whole systems under load: one at a time, or they would measure each other. */
const scenarios = {
  name: 'scenarios',
  include: ['packages/*/test/scenarios/**/*.test.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
  fileParallelism: false,
  maxWorkers: 1,
  sequence: { groupOrder: 2 },
};

/** Real machines whose times are not measured: two labs at once, since setting them up takes minutes. */
const settingUp = [
  'create-aws',
  'first-production',
  'haproxy-over-ssh',
  'production',
  'provision*',
  'ssh-contract',
].map((name) => `packages/*/test/lab/${name}.test.ts`);
const provisioning = {
  name: 'provisioning',
  include: settingUp,
  testTimeout: 240_000,
  hookTimeout: 600_000,
  maxWorkers: 2,
  sequence: { groupOrder: 3 },
};

/** Real machines: one lab at a time, after all that measures time. */
const lab = {
  name: 'lab',
  include: ['packages/*/test/lab/**/*.test.ts'],
  exclude: settingUp,
  testTimeout: 120_000,
  hookTimeout: 600_000,
  fileParallelism: false,
  maxWorkers: 1,
  sequence: { groupOrder: 4 },
};

export default defineConfig({
  test: { projects: [{ test: unit }, { test: scenarios }, { test: provisioning }, { test: lab }] },
});
