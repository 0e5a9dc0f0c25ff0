import type { PlaybookEvent } from '../../provision/events.ts';
import { type HostProgress, taskName } from '../../provision/progress.ts';
import { type TaskFailure, taskFailure } from '../../provision/task-failure.ts';
import { printable } from '../../rollout/printable.ts';
import type { Style } from './style.ts';
import { type Cell, renderTable } from './table.ts';
import { elapsed } from './times.ts';
import { fit, padRight } from './width.ts';
import { count } from './words.ts';

/** `box1  12 ok, 3 changed  base: Install what every machine has`, cut to the terminal. */
export function renderLiveHost(host: HostProgress, nameWidth: number, style: Style): string {
  const name = padRight(host.name, nameWidth);
  const counts = padRight(`${host.ok} ok, ${host.changes.length} changed`, 18);
  const now = host.state === 'waiting' ? 'waiting' : host.task;
  const line = fit(`  ${name}  ${counts}  ${printable(now)}`, style.columns, style.symbols.ellipsis);
  return host.failure ? style.paint.red(line) : line;
}

/** What is worth a line where nothing can be drawn anew: changes and failures. */
export function renderTaskLine(event: PlaybookEvent, isCheck: boolean, style: Style): string | undefined {
  switch (event.event) {
    case 'ok': {
      const told = isCheck ? 'differs' : 'changed';
      return event.changed ? printable(`${event.host}  ${told}  ${taskName(event.task)}`) : undefined;
    }
    case 'failed':
      if (event.ignored) return undefined;
      return style.paint.red(
        printable(`${event.host}  failed   ${taskName(event.task)}: ${firstLine(taskFailure(event))}`),
      );
    case 'unreachable':
      return style.paint.red(printable(`${event.host}  cannot be reached: ${firstLine(taskFailure(event))}`));
    default:
      return undefined;
  }
}

function firstLine({ lines }: TaskFailure): string {
  return lines[0] ?? '';
}

/** How each host came out, and how long all of it took. */
export function renderHosts(
  hosts: readonly HostProgress[],
  ms: number,
  isCheck: boolean,
  style: Style,
): string[] {
  const rows = hosts.map((host) => [{ text: host.name }, outcome(host, isCheck, style), remark(host)]);
  const columns = [{ title: 'HOST' }, { title: 'RESULT' }, { title: '', flexible: true }];
  return ['', ...renderTable(columns, rows, style), '', `${count(hosts.length, 'host')} in ${elapsed(ms)}`];
}

function outcome(host: HostProgress, isCheck: boolean, { paint, symbols }: Style): Cell {
  switch (host.state) {
    case 'failed':
      return { text: `${symbols.bad} failed`, paint: paint.red };
    case 'unreachable':
      return { text: `${symbols.bad} cannot be reached`, paint: paint.red };
    case 'waiting':
    case 'running':
      return { text: `${symbols.notice} not finished`, paint: paint.yellow };
    case 'done': {
      const changes = host.changes.length;
      const [said] = host.messages;
      if (changes === 0 && said !== undefined)
        return { text: `${symbols.notice} ${printable(said)}`, paint: paint.yellow };
      if (changes === 0) return { text: `${symbols.good} as it should be`, paint: paint.green };
      const words = isCheck ? `${count(changes, 'difference')}` : `${changes} changed`;
      return {
        text: `${isCheck ? symbols.notice : symbols.good} ${words}`,
        paint: isCheck ? paint.yellow : paint.green,
      };
    }
  }
}

function remark(host: HostProgress): Cell {
  return { text: printable(host.failure?.task ?? '') };
}

/** Each failure whole: host, task, what it said, and where the task stands. */
export function renderFailures(hosts: readonly HostProgress[], { paint }: Style): string[] {
  return hosts.flatMap(({ failure }) => {
    if (!failure) return [];
    const item = failure.item === undefined ? '' : ` (${failure.item})`;
    return [
      '',
      paint.bold(printable(`${failure.host}: ${failure.task}${item}`)),
      ...failure.lines.map((line) => `  ${printable(line)}`),
      ...(failure.path === undefined ? [] : [paint.dim(`  ${failure.path}`)]),
    ];
  });
}
