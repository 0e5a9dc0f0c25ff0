import fc from 'fast-check';
import { otherSlot } from '../slot.ts';
import type { CanaryHistory, ControllerCrash, Fault, History, Leftover, OperatorCommand } from './history.ts';

/** Random histories, and how to shrink them. */
const instance = fc.integer({ min: 1, max: 5 }).map(String);
const atMs = fc.integer({ min: 0, max: 80 }).map((ticks) => ticks * 250);
const lastsMs = fc.integer({ min: 1, max: 48 }).map((ticks) => ticks * 250);

const leftover: fc.Arbitrary<Leftover> = fc.record({
  instance: fc.integer({ min: 1, max: 6 }).map(String),
  slot: fc.constantFrom('a', 'b'),
  process: fc.constantFrom('running', 'running', 'absent', 'backoff', 'stopping', 'stopped'),
  runs: fc.constantFrom('old', 'new', 'other'),
  pool: fc.constantFrom('serving', 'absent', 'out', 'draining'),
  label: fc.constantFrom('same', 'same', 'same', 'other'),
  restarts: fc.constantFrom(0, 4),
});

const leftovers: fc.Arbitrary<Leftover[]> = fc.oneof(
  fc.uniqueArray(leftover, { maxLength: 2, selector: ({ instance, slot }) => `${instance}${slot}` }),
  // Both slots of one instance.
  fc
    .tuple(leftover, leftover)
    .map(([one, other]) => [one, { ...other, instance: one.instance, slot: otherSlot(one.slot) }]),
);

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('exit' as const), atMs, lastsMs: fc.constant(0 as const), instance }),
  fc.record({ kind: fc.constant('sick' as const), atMs, lastsMs, instance }),
  fc.record({ kind: fc.constant('shared' as const), atMs, lastsMs }),
  fc.record({ kind: fc.constant('share-lost' as const), atMs, lastsMs: fc.constant(0 as const) }),
  fc.record({
    kind: fc.constant('actions-fail' as const),
    atMs,
    lastsMs,
    percent: fc.constantFrom(20, 50, 100),
  }),
);

const crash: fc.Arbitrary<ControllerCrash> = fc.record({
  atMs,
  moment: fc.constantFrom('idle', 'before-the-record', 'after-the-record', 'before-completions-are-recorded'),
  downMs: fc.constantFrom(0, 250, 1_000, 8_000, 20_000),
});

const command: fc.Arbitrary<OperatorCommand> = fc.record({
  atMs,
  command: fc.constantFrom('abort', 'abort', 'pause', 'resume', 'promote', 'promote-all'),
});

/** Most histories have few troubles: those come further. */
const few = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant<T[]>([]) },
    { weight: 2, arbitrary: fc.array(one, { minLength: 1, maxLength: 3 }) },
  );

const holdMs = fc.constantFrom<number | 'manual'>(0, 500, 2_000, 2_000, 5_000, 'manual');

const canary: fc.Arbitrary<CanaryHistory> = fc.record({
  steps: fc
    .uniqueArray(fc.constantFrom(100, 500, 2_500, 5_000, 7_500), { minLength: 1, maxLength: 3 })
    .chain((shares) =>
      fc.tuple(
        ...[...shares]
          .sort((one, other) => one - other)
          .map((shareBasisPoints) => holdMs.map((hold) => ({ shareBasisPoints, holdMs: hold }))),
      ),
    ),
  bakeMs: fc.constantFrom(0, 1_000, 3_000),
  verdict: fc.constantFrom<CanaryHistory['verdict']>('pass', 'pass', 'pass', 'pass', 'fail', 'inconclusive'),
  verdictAfterMs: fc.constantFrom(0, 250, 1_000, 4_000),
});

const policy = fc
  .record({
    surge: fc.constantFrom(0, 0, 0, 1, 2, 5),
    unavailable: fc.constantFrom(0, 1, 1, 1, 2, '25%', '50%'),
    soakMs: fc.constantFrom(0, 0, 1_000, 3_000),
  })
  .map(({ surge, unavailable, soakMs }) => ({ surge, unavailable, soakMs }));

/** What `max_unavailable` comes to, the way percentages do: rounded down, and at least one when in place. */
function resolve(unavailable: number | string, instances: number, surge: number): number {
  const count =
    typeof unavailable === 'number'
      ? unavailable
      : Math.floor((Number.parseInt(unavailable, 10) * instances) / 100);
  return surge === 0 ? Math.max(1, count) : count;
}

export const histories: fc.Arbitrary<History> = fc
  .record({
    seed: fc.integer({ min: 0, max: 0xffff_ffff }),
    change: fc.constantFrom<History['change']>(
      'update',
      'update',
      'update',
      'config',
      'same',
      'first',
      'removal',
    ),
    before: fc.integer({ min: 1, max: 5 }),
    after: fc.integer({ min: 1, max: 5 }),
    policy,
    hooks: fc.record({ beforeDeploy: fc.boolean(), afterDeploy: fc.boolean() }),
    canary,
    hasCanary: fc.boolean(),
    bootMs: fc.constantFrom(0, 250, 1_000, 3_000),
    newRelease: fc.constantFrom<History['newRelease']>(
      'good',
      'good',
      'good',
      'good',
      'never-healthy',
      'crashes',
    ),
    oldRelease: fc.constantFrom<History['oldRelease']>('good', 'good', 'good', 'good', 'gone-bad'),
    oldSlot: fc.constantFrom('a' as const, 'b' as const),
    slowRequests: fc.boolean(),
    lookMs: fc.constantFrom(0, 0, 250, 500),
    leftovers,
    hasLeftovers: fc.integer({ min: 0, max: 2 }).map((one) => one === 0),
    isScaled: fc.boolean(),
    faults: few(fault),
    crashes: few(crash),
    commands: few(command),
  })
  .map(
    ({
      hasCanary,
      canary: given,
      hasLeftovers,
      isScaled,
      policy: { surge, soakMs, unavailable },
      leftovers,
      ...rest
    }) => {
      const before = rest.change === 'first' ? 0 : rest.before;
      const after =
        rest.change === 'removal' ? 0 : isScaled || rest.change === 'first' ? rest.after : rest.before;
      const maxUnavailable = resolve(unavailable, after, surge);
      return {
        ...rest,
        ...(hasCanary && { canary: given }),
        before,
        after,
        policy: { surge, soakMs, maxUnavailable },
        leftovers: hasLeftovers ? leftovers : [],
      };
    },
  );
