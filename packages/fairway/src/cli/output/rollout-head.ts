import { printable } from '../../rollout/printable.ts';
import type { RolloutRecord } from '../../server/api.ts';
import type { Style } from './style.ts';
import { localTime } from './times.ts';
import { statusCell, subjectOf } from './words.ts';

/** What was asked for, by whom, when and why. */
export function renderRolloutHead(rollout: RolloutRecord, style: Style): string[] {
  const status = statusCell(rollout.status, style);
  const why = rollout.why ? `: ${printable(rollout.why)}` : '';
  return [
    `${style.paint.bold(rollout.id)}  ${subjectOf(rollout)} of ${rollout.app}, ${status.paint?.(status.text) ?? status.text}`,
    style.paint.dim(`asked for by ${printable(rollout.by)} at ${localTime(rollout.requestedAt)}${why}`),
  ];
}
