import { setTimeout as pause } from 'node:timers/promises';
import type { Overview } from '../server/api.ts';
import type { Context } from './context.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { renderStatus } from './output/status.ts';
import { clock } from './output/times.ts';

const INTERVAL_MS = 500;
const HOME_AND_CLEAR = '\u001b[H\u001b[2J';

/** Looks again and again until Ctrl-C: redraws on a terminal, adds a block per change where the output is none. */
export async function watchStatus(context: Context, look: () => Promise<Overview>): Promise<ExitCode> {
  const signal = context.surroundings.interruption();
  const isTerminal = context.style.columns !== undefined;
  let shown = '';
  let isAway = false;
  let everSeen = false;
  while (!signal.aborted) {
    try {
      const overview = await look();
      if (isAway) context.note('The control server is back.');
      isAway = false;
      everSeen = true;
      if (isTerminal) redraw(context, overview);
      else {
        const seen = fingerprint(overview);
        if (seen !== shown) printBlock(context, overview);
        shown = seen;
      }
    } catch (error) {
      if (!everSeen || (error as Error).name !== 'ServerUnreachable') throw error;
      if (!isAway) context.note((error as Error).message);
      isAway = true;
    }
    await pause(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
  return EXIT.success;
}

function printBlock(context: Context, overview: Overview): void {
  const lines = renderStatus(overview, context.style).filter((line) => line !== '');
  context.print(...lines.map((line) => `${clock(overview.at)}  ${line}`));
}

/** One write for the whole picture, so that it does not flicker; cut to the terminal's height. */
function redraw(context: Context, overview: Overview): void {
  const { stdout } = context.surroundings;
  const style = { ...context.style, columns: stdout.columns ?? context.style.columns };
  const rows = (stdout as { rows?: number }).rows ?? 24;
  const lines = [
    ...renderStatus(overview, style),
    '',
    style.paint.dim(`${clock(overview.at)}  Ctrl-C ends this view`),
  ];
  stdout.write(HOME_AND_CLEAR + lines.slice(0, rows - 1).join('\n'));
}

/** What makes two pictures differ: all but the time and the requests under way, which change with every look. */
export function fingerprint(overview: Overview): string {
  const passing = new Set(['at', 'inFlight']);
  return JSON.stringify(overview, (key, value: unknown) => (passing.has(key) ? undefined : value));
}
