import type { PlaybookEvent, Reason } from './events.ts';

/** A failed task, as a person needs it. */
export interface TaskFailure {
  readonly host: string;
  readonly task: string;
  /** Of a loop: which one. */
  readonly item?: string;
  /** File and line of the task, where known. */
  readonly path?: string;
  /** The module's message, then the last lines of what a program wrote. */
  readonly lines: readonly string[];
}

const LAST_LINES = 8;

export function taskFailure(
  event: Extract<PlaybookEvent, { event: 'failed' | 'unreachable' | 'item-failed' }>,
  item?: string,
): TaskFailure {
  return {
    host: event.host,
    task: event.task.replace(' : ', ': '),
    ...(item !== undefined && { item }),
    ...('path' in event && { path: event.path }),
    lines: reasonLines(event.reason),
  };
}

function reasonLines(reason: Reason): string[] {
  const message = textLines(reason.msg);
  const rest = [reason.stderr, reason.module_stderr, reason.stdout, reason.module_stdout]
    .map(textLines)
    .find((lines) => lines.length > 0 && !message.join('\n').includes(lines.join('\n')));
  const lines = [...message.slice(0, LAST_LINES * 2), ...(rest ?? []).slice(-LAST_LINES)];
  return lines.length > 0 ? lines : ['it gave no reason'];
}

function textLines(value: unknown): string[] {
  if (typeof value !== 'string') return [];
  return value
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
}
