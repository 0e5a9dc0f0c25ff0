import { printable } from '../../rollout/printable.ts';
import type { LiveEntry, RolloutRecord } from '../../server/api.ts';
import { ActionStory } from './actions.ts';
import type { Style } from './style.ts';
import { elapsed } from './times.ts';
import { padLeft } from './width.ts';

const STOPWATCH_COLUMNS = 7;
const INDENT = ' '.repeat(STOPWATCH_COLUMNS + 2);

/** Renders the events of one rollout, in order: the stopwatch since it was asked for, then what happened. */
export class Progress {
  readonly #style: Style;
  readonly #story = new ActionStory();
  #startedAt: number | undefined;

  constructor(style: Style, startedAt?: number) {
    this.#style = style;
    this.#startedAt = startedAt;
  }

  /** Lines for one event; none for what matters to the machine only. */
  render(entry: LiveEntry): string[] {
    const { paint } = this.#style;
    this.#startedAt ??= entry.at;
    const [first, ...more] = this.#story.tell(entry).map(printable);
    if (first === undefined) return [];
    if (isOutput(entry)) return [first, ...more].map((line) => paint.dim(INDENT + line.trimStart()));
    const stopwatch = padLeft(elapsed(entry.at - this.#startedAt), STOPWATCH_COLUMNS);
    return [
      `${paint.dim(stopwatch)}  ${tone(entry, this.#style)(first)}`,
      ...more.map((line) => paint.dim(INDENT + line)),
    ];
  }
}

/** What a build or a hook printed, as opposed to what the rollout did. */
export function isOutput(entry: LiveEntry): boolean {
  return entry.event.type === 'build-output' || entry.event.type === 'hook-output';
}

function tone({ event }: LiveEntry, { paint }: Style): (text: string) => string {
  switch (event.type) {
    case 'build-failed':
    case 'action-failed':
    case 'unhealthy':
    case 'taking-back':
      return paint.red;
    case 'waiting':
    case 'queued':
    case 'paused':
    case 'resumed':
    case 'abort-requested':
    case 'taken-up':
      return paint.yellow;
    case 'settled':
    case 'healthy-again':
      return paint.green;
    case 'finished':
      return event.outcome === 'succeeded' ? paint.green : paint.red;
    default:
      return String;
  }
}

/** How a rollout ended, loud enough to be found at the end of a long output; how far it is, if it has not. */
export function renderOutcome(rollout: RolloutRecord, style: Style): string[] {
  const { paint, symbols } = style;
  const after =
    rollout.finishedAt === undefined ? '' : ` after ${elapsed(rollout.finishedAt - rollout.requestedAt)}`;
  const reason = rollout.outcome ? `: ${printable(rollout.outcome)}` : '';
  const story = `Next: fairway show ${rollout.id}`;
  switch (rollout.status) {
    case 'succeeded':
      return [paint.bold(paint.green(`${symbols.good} ${rollout.id} succeeded${after}${reason}`))];
    case 'failed':
      return [paint.bold(paint.red(`${symbols.bad} ${rollout.id} FAILED${after}${reason}`)), story];
    case 'taken-back':
      return [paint.bold(paint.red(`${symbols.bad} ${rollout.id} was TAKEN BACK${after}${reason}`)), story];
    case 'superseded':
      return [paint.bold(paint.yellow(`${symbols.notice} ${rollout.id} was superseded${reason}`))];
    case 'queued':
    case 'building':
    case 'moving':
      return [`${rollout.id} is still going (${rollout.status}): fairway status ${rollout.app}`];
  }
}
