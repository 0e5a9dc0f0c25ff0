import type { RolloutRecord } from '../server/api.ts';
import type { Client } from './client.ts';
import type { Context } from './context.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { Progress, renderOutcome } from './output/progress.ts';

/**
 * Prints a rollout's progress until it has ended, then how. Ctrl-C, a closed terminal or a broken connection end only
 * the printing: the rollout is the server's.
 */
export async function followRollout(
  context: Context,
  client: Client,
  asked: RolloutRecord,
  signal = context.surroundings.interruption(),
): Promise<ExitCode> {
  const progress = new Progress(context.style, asked.requestedAt);
  const stillGoing = `${asked.id} goes on without this terminal: fairway status ${asked.app}`;
  try {
    for await (const entry of client.rolloutEvents(asked.id, { signal, ...interruptions(context) })) {
      if (entry.event.type !== 'finished') context.print(...progress.render(entry));
    }
    if (signal.aborted) {
      context.note(stillGoing);
      return EXIT.interrupted;
    }
    const ended = await client.rollout(asked.id);
    context.print(...renderOutcome(ended, context.style));
    return exitCodeOf(ended);
  } catch (error) {
    if ((error as Error).name === 'ServerUnreachable') {
      context.note(`${asked.id} is taken up again when the server is back: fairway status ${asked.app}`);
    }
    throw error;
  }
}

/** Waits without a word, for `--json`. */
export async function awaitRollout(
  context: Context,
  client: Client,
  asked: RolloutRecord,
): Promise<RolloutRecord> {
  const signal = context.surroundings.interruption();
  for await (const _ of client.rolloutEvents(asked.id, { signal, ...interruptions(context) })) {
    // Only its end matters.
  }
  return client.rollout(asked.id);
}

export function exitCodeOf(rollout: RolloutRecord): ExitCode {
  switch (rollout.status) {
    case 'succeeded':
      return EXIT.success;
    case 'failed':
    case 'taken-back':
    case 'superseded':
      return EXIT.failed;
    case 'queued':
    case 'building':
    case 'moving':
      return EXIT.interrupted;
  }
}

function interruptions(context: Context) {
  return {
    onInterrupted: (patienceMs: number) =>
      context.note(`The connection to the control server broke; trying again for ${patienceMs / 1000} s.`),
    onResumed: () => context.note('The control server is back.'),
  };
}
