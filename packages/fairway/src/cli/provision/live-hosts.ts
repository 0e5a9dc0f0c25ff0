import type { PlaybookEvent } from '../../provision/events.ts';
import type { Progress } from '../../provision/progress.ts';
import type { Context } from '../context.ts';
import { renderLiveHost, renderTaskLine } from '../output/provision.ts';
import { elapsed } from '../output/times.ts';
import { padLeft } from '../output/width.ts';

const REDRAW_MS = 100;
const CLEAR_LINE = '\u001b[2K';
const up = (lines: number) => (lines > 0 ? `\u001b[${lines}A\r` : '\r');

export interface LiveOptions {
  readonly isShown: boolean;
  readonly isCheck: boolean;
}

/** One line per host that is drawn anew on a terminal; elsewhere a line for each change and failure, as it happens. */
export class LiveHosts {
  readonly #context: Context;
  readonly #options: LiveOptions;
  readonly #startedAt: number;
  #drawnLines = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #last: Progress | undefined;

  constructor(context: Context, options: LiveOptions) {
    this.#context = context;
    this.#options = options;
    this.#startedAt = context.surroundings.now();
  }

  show(progress: Progress, event: PlaybookEvent): void {
    if (!this.#options.isShown) return;
    this.#last = progress;
    if (this.#context.style.columns === undefined) this.#printLine(event);
    else if (this.#context.surroundings.now() - this.#drawnAt >= REDRAW_MS) this.#draw(progress);
  }

  end(): void {
    if (!this.#options.isShown || this.#last === undefined) return;
    if (this.#context.style.columns !== undefined) this.#erase();
  }

  #printLine(event: PlaybookEvent): void {
    const line = renderTaskLine(event, this.#options.isCheck, this.#context.style);
    if (line === undefined) return;
    const stopwatch = padLeft(elapsed(this.#context.surroundings.now() - this.#startedAt), 7);
    this.#context.print(`${this.#context.style.paint.dim(stopwatch)}  ${line}`);
  }

  #draw(progress: Progress): void {
    const { stdout } = this.#context.surroundings;
    const rows = (stdout as { rows?: number }).rows ?? 24;
    const style = { ...this.#context.style, columns: stdout.columns ?? this.#context.style.columns };
    const hosts = [...progress.values()].slice(0, Math.max(1, rows - 2));
    const width = Math.max(...hosts.map(({ name }) => name.length));
    const lines = hosts.map((host) => `${CLEAR_LINE}${renderLiveHost(host, width, style)}\n`);
    stdout.write(up(this.#drawnLines) + lines.join(''));
    this.#drawnLines = lines.length;
    this.#drawnAt = this.#context.surroundings.now();
  }

  /** The result takes the place of the progress. */
  #erase(): void {
    this.#context.surroundings.stdout.write(`${up(this.#drawnLines)}\u001b[J`);
    this.#drawnLines = 0;
  }
}
