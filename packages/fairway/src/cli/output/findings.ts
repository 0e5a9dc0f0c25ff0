import type { Finding } from '../../doctor/finding.ts';
import { printable } from '../../rollout/printable.ts';
import type { Style } from './style.ts';
import { padRight } from './width.ts';
import { count } from './words.ts';

/** What the doctor found, machine by machine, with what to do under each thing that is not well. */
export function renderFindings(findings: readonly Finding[], style: Style): string[] {
  const machines = [...new Set(findings.map(({ machine }) => machine))];
  const width = Math.max(...findings.map(({ check }) => check.length));
  const told = machines.flatMap((machine) => [
    style.paint.bold(machine),
    ...findings
      .filter((finding) => finding.machine === machine)
      .flatMap((finding) => lines(finding, width, style)),
    '',
  ]);
  return [...told, summary(findings, style)];
}

function lines({ check, status, message, next }: Finding, width: number, style: Style): string[] {
  const { paint, symbols } = style;
  const mark = {
    ok: paint.green(symbols.good),
    warning: paint.yellow(symbols.notice),
    failure: paint.red(symbols.bad),
  }[status];
  const indent = ' '.repeat(width + 6);
  return [
    `  ${mark} ${padRight(check, width)}  ${printable(message)}`,
    ...(next === undefined ? [] : [`${indent}${paint.dim(symbols.arrow)} ${printable(next)}`]),
  ];
}

function summary(findings: readonly Finding[], { paint }: Style): string {
  const failures = findings.filter(({ status }) => status === 'failure').length;
  const warnings = findings.filter(({ status }) => status === 'warning').length;
  if (failures === 0 && warnings === 0) return paint.green('All is well.');
  const parts = [
    ...(failures > 0 ? [paint.red(`${count(failures, 'failure')} to be seen to`)] : []),
    ...(warnings > 0 ? [paint.yellow(count(warnings, 'warning'))] : []),
  ];
  return `${parts.join(', ')}.`;
}
