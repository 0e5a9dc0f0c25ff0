import { differences } from '../../provision/drift.ts';
import type { HostProgress } from '../../provision/progress.ts';
import { printable } from '../../rollout/printable.ts';
import type { Style } from './style.ts';

const MOST_LINES = 60;

/** What differs on each host from what provisioning would make of it: `-` as it is, `+` as it should be. */
export function renderDrift(hosts: readonly HostProgress[], style: Style): string[] {
  const { paint } = style;
  return hosts
    .filter(({ changes }) => changes.length > 0)
    .flatMap((host) => [
      '',
      paint.bold(host.name),
      ...host.changes.flatMap(({ task, diffs }) => [
        `  ${paint.yellow(style.symbols.notice)} ${printable(task)}`,
        ...differences(diffs).flatMap(({ what, lines }) => [
          ...(what === '' ? [] : [paint.dim(`      ${printable(what)}`)]),
          ...shown(lines, style),
        ]),
      ]),
    ]);
}

function shown(lines: readonly string[], { paint }: Style): string[] {
  const tone = (line: string) =>
    line.startsWith('-') ? paint.red : line.startsWith('+') ? paint.green : paint.dim;
  const rest = lines.length - MOST_LINES;
  return [
    ...lines.slice(0, MOST_LINES).map((line) => `      ${tone(line)(printable(line))}`),
    ...(rest > 0 ? [paint.dim(`      … and ${rest} more lines`)] : []),
  ];
}
