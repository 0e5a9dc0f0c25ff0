import type { ActionKind } from '../rollout/actions.ts';

/**
 * Where a rehearsal has the controller die. `FAIRWAY_CRASH=before:drain:2` kills this process with SIGKILL before the
 * second drain takes effect (its intent is in the journal by then); `after:` kills it before the effect is recorded.
 */
export interface CrashPoint {
  readonly moment: 'before' | 'after';
  readonly kind: ActionKind;
  readonly occurrence: number;
}

export function parseCrashPoint(text: string | undefined): CrashPoint | undefined {
  const match = /^(before|after):([a-z-]+):(\d+)$/.exec(text ?? '');
  if (!match) return undefined;
  return {
    moment: match[1] as CrashPoint['moment'],
    kind: match[2] as ActionKind,
    occurrence: Number(match[3]),
  };
}

export type Crash = (moment: CrashPoint['moment'], kind: ActionKind) => void;

export function crasher(point: CrashPoint | undefined, die: () => void): Crash {
  let seen = 0;
  return (moment, kind) => {
    if (!point || moment !== point.moment || kind !== point.kind) return;
    seen += 1;
    if (seen === point.occurrence) die();
  };
}
