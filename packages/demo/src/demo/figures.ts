import { brokenByCanary, type CanaryFigures, summarizeCanary } from '../canary/figures.ts';
import type { Totals } from '../load/tally.ts';

/** What the demo measured; written by `--json FILE`. */
export interface Figures {
  readonly requests: {
    readonly sent: number;
    readonly failed: number;
    readonly stalled: number;
    /** Sent while some rollout was under way. */
    readonly duringRollout: number;
    readonly p99Ms: number;
    readonly examples: readonly string[];
  };
  readonly firstDeploy: { readonly seconds: number };
  readonly rolling: {
    readonly instances: number;
    readonly seconds: number;
    readonly minServing: number;
    readonly samples: number;
  };
  readonly badRelease: {
    readonly refused: boolean;
    readonly seconds: number;
    readonly servingAfter: number;
    readonly minServing: number;
    readonly samples: number;
  };
  readonly rollback: { readonly seconds: number; readonly failed: number; readonly minServing: number };
  readonly canary: CanaryFigures;
  readonly leftBehind: { readonly processes: number; readonly folder: boolean };
}

export type Span = { readonly from: number; readonly to: number };

export function requestFigures(whole: Totals, rollouts: readonly Totals[]): Figures['requests'] {
  return {
    sent: whole.sent,
    failed: whole.failed,
    stalled: whole.stalled,
    duringRollout: rollouts.reduce((sum, totals) => sum + totals.sent, 0),
    p99Ms: whole.p99Ms,
    examples: whole.examples,
  };
}

/** The figures as lines for people. */
export function summarize(figures: Figures): readonly string[] {
  const { requests, rolling, badRelease, rollback, firstDeploy } = figures;
  return [
    `first deploy   5 instances up in ${seconds(firstDeploy.seconds)}, from push to serving`,
    `update         ${rolling.instances} instances in ${seconds(rolling.seconds)}; at least ${rolling.minServing} serving (${rolling.samples} registry changes looked at)`,
    `bad release    ${badRelease.refused ? 'refused and taken back' : 'NOT REFUSED'} in ${seconds(badRelease.seconds)}; at least ${badRelease.minServing} serving, ${badRelease.servingAfter} afterwards`,
    `rollback       ${seconds(rollback.seconds)}, ${rollback.failed} requests failed`,
    `requests       ${requests.sent} sent (${requests.duringRollout} during rollouts), ${requests.failed} failed, ${requests.stalled} stalled, p99 ${requests.p99Ms} ms`,
    ...summarizeCanary(figures.canary),
  ];
}

/** What the figures break of the promise; empty when it was kept. */
export function brokenPromises(figures: Figures): readonly string[] {
  const { requests, rolling, badRelease, rollback, leftBehind } = figures;
  return [
    requests.failed > 0 && `${requests.failed} requests failed`,
    rolling.minServing < 4 && `only ${rolling.minServing} instances served during the update`,
    badRelease.minServing < 4 && `only ${badRelease.minServing} instances served during the bad release`,
    !badRelease.refused && 'the bad release was not refused',
    badRelease.servingAfter !== 5 && `${badRelease.servingAfter} instances served after the bad release`,
    rollback.failed > 0 && `${rollback.failed} requests failed during the rollback`,
    ...brokenByCanary(figures.canary),
    leftBehind.processes > 0 && `${leftBehind.processes} processes were left behind`,
    leftBehind.folder && 'the temporary folder was left behind',
  ].filter((broken) => broken !== false);
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}
