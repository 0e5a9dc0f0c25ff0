import type { CanaryPolicy, CanaryStep, Plan, RollingPolicy } from '../plan.ts';
import type { GenerationId, SlotName } from '../slot.ts';
import { generations, planFor } from './plans.ts';

/** Everything that decides how a simulated rollout goes: data, so that a failing one can be shrunk and repeated. */
export interface History {
  readonly seed: number;
  readonly change: 'update' | 'config' | 'same' | 'first' | 'removal';
  readonly before: number;
  readonly after: number;
  readonly policy: Pick<RollingPolicy, 'maxUnavailable' | 'surge' | 'soakMs'>;
  readonly hooks: Plan['hooks'];
  /** Left out: a rolling update. */
  readonly canary?: CanaryHistory;
  /** From start to the first time that a health check could pass. */
  readonly bootMs: number;
  readonly newRelease: 'good' | 'never-healthy' | 'crashes';
  /** `gone-bad`: what serves goes on serving, but does not become healthy once started again. */
  readonly oldRelease: 'good' | 'gone-bad';
  readonly oldSlot: SlotName;
  /** How long it takes to see what runs; meanwhile calls end and operators speak. */
  readonly lookMs: number;
  /** Requests last beyond every drain's deadline. */
  readonly slowRequests: boolean;
  readonly leftovers: readonly Leftover[];
  readonly faults: readonly Fault[];
  readonly crashes: readonly ControllerCrash[];
  readonly commands: readonly OperatorCommand[];
}

export interface CanaryHistory {
  /** Without the last one, which is everything; instances as many as the share needs. */
  readonly steps: readonly Pick<CanaryStep, 'shareBasisPoints' | 'holdMs'>[];
  readonly bakeMs: number;
  /** What the judge says, so long after the canary first had users; until then it cannot tell. */
  readonly verdict: 'pass' | 'fail' | 'inconclusive';
  readonly verdictAfterMs: number;
}

/** A slot found in an odd state when the rollout begins. */
export interface Leftover {
  readonly instance: string;
  readonly slot: SlotName;
  readonly process: 'absent' | 'running' | 'backoff' | 'stopping' | 'stopped';
  readonly runs: 'old' | 'new' | 'other';
  readonly pool: 'absent' | 'out' | 'serving' | 'draining';
  readonly label: 'same' | 'other';
  readonly restarts: number;
}

export type Fault =
  /** What runs on the instance exits once; the host starts it again. */
  | { readonly kind: 'exit'; readonly atMs: number; readonly lastsMs: 0; readonly instance: string }
  /** Nothing on the instance passes its checks. */
  | { readonly kind: 'sick'; readonly atMs: number; readonly lastsMs: number; readonly instance: string }
  /** A database is down: nothing at all passes its checks. */
  | { readonly kind: 'shared'; readonly atMs: number; readonly lastsMs: number }
  /** Somebody, or the balancer by itself, takes the canary's users from it. */
  | { readonly kind: 'share-lost'; readonly atMs: number; readonly lastsMs: 0 }
  /** So many percent of the actions fail; of these some take effect all the same. */
  | {
      readonly kind: 'actions-fail';
      readonly atMs: number;
      readonly lastsMs: number;
      readonly percent: number;
    };

/** The controller dies at the first such moment after `atMs`, and another takes over `downMs` later. */
export interface ControllerCrash {
  readonly atMs: number;
  readonly moment: 'idle' | 'before-the-record' | 'after-the-record' | 'before-completions-are-recorded';
  readonly downMs: number;
}

export interface OperatorCommand {
  readonly atMs: number;
  readonly command: 'abort' | 'pause' | 'resume' | 'promote' | 'promote-all';
}

/** Short, so that a history is cheap to simulate; the proportions are those of production. */
export const times = { startTimeoutMs: 5_000, drainTimeoutMs: 2_000, stallTimeoutMs: 15_000 };

const goals: Readonly<Record<History['change'], { from?: GenerationId; to?: GenerationId }>> = {
  update: { from: generations.old, to: generations.fresh },
  config: { from: generations.old, to: 'old+c1' },
  same: { from: generations.old, to: generations.old },
  first: { to: generations.fresh },
  removal: { from: generations.old },
};

export function planOf(history: History): Plan {
  const plan = rollingPlanOf(history);
  const { canary } = history;
  if (!canary) return plan;
  const total = plan.target.instances.length;
  const steps = canary.steps.map((step) => ({
    ...step,
    instances: Math.max(1, Math.ceil((step.shareBasisPoints * total) / 10_000)),
  }));
  const policy: CanaryPolicy = {
    ...plan.policy,
    strategy: 'canary',
    steps: [...steps, { shareBasisPoints: 10_000, holdMs: canary.bakeMs, instances: total }],
    offset: 1_234,
    judge: { errors: { worseBy: 0.01 }, minRequests: 100 },
  };
  return { ...plan, policy };
}

function rollingPlanOf(history: History): Plan {
  return planFor({
    ...goals[history.change],
    ...times,
    ...history.policy,
    instances: history.after,
    before: history.before,
    hooks: { ...history.hooks },
  });
}

/** When the last fault, crash and command is over. */
export function calmAfterMs(history: History): number {
  const ends = [
    ...history.faults.map((fault) => fault.atMs + fault.lastsMs),
    ...history.crashes.map((crash) => crash.atMs + crash.downMs),
    ...history.commands.map((command) => command.atMs),
  ];
  return Math.max(0, ...ends);
}
