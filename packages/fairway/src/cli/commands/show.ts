import type { RolloutRecord } from '../../server/api.ts';
import type { Client } from '../client.ts';
import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { isOutput, Progress, renderOutcome } from '../output/progress.ts';
import { renderRolloutHead } from '../output/rollout-head.ts';

interface ShowOptions {
  readonly output?: boolean;
  readonly follow?: boolean;
  readonly json?: boolean;
}

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        "Tell a rollout's story from its journal: who asked for it and why, each step with its time, each decision with its evidence, how it ended.",
      )
      .argument('<rollout>', 'id of a rollout such as shop-12, or an app for its newest one')
      .option('--output', 'also what builds and hooks printed')
      .option('-f, --follow', 'stay until it has ended')
      .option('--json', 'print the journal as JSON, one event per line')
      .action(act((context, id: string, options: ShowOptions) => show(context, id, options)));
    examples(
      command,
      ['fairway show shop-12', 'why was it taken back?'],
      ['fairway show shop --output', 'the newest rollout of an app, with the output of its build'],
    );
  },
};

async function show(context: Context, id: string, options: ShowOptions): Promise<ExitCode> {
  const client = await context.client();
  const rollout = await findRollout(client, id);
  const entries = entriesOf(context, client, rollout, options.follow === true);
  if (options.json) {
    for await (const entry of entries)
      context.print(JSON.stringify({ ...entry, at: new Date(entry.at).toISOString() }));
    return EXIT.success;
  }
  context.print(...renderRolloutHead(rollout, context.style));
  const progress = new Progress(context.style, rollout.requestedAt);
  for await (const entry of entries) {
    const lines = progress.render(entry);
    if (entry.event.type !== 'finished' && (options.output || !isOutput(entry))) context.print(...lines);
  }
  const now = options.follow ? await client.rollout(rollout.id) : rollout;
  context.print(...renderOutcome(now, context.style).slice(0, 1));
  return EXIT.success;
}

/** The name of an app stands for its newest rollout. */
export async function findRollout(client: Client, id: string): Promise<RolloutRecord> {
  try {
    return await client.rollout(id);
  } catch (error) {
    if ((error as { status?: number }).status !== 404) throw error;
    const newest = await client.rollouts(id, 1).catch(() => []);
    if (newest[0]) return newest[0];
    throw error;
  }
}

const CAUGHT_UP_MS = 300;

/** Of a rollout that moves, the journal up to now: its stream would go on, so the first silence ends it. */
async function* entriesOf(context: Context, client: Client, rollout: RolloutRecord, follow: boolean) {
  const signal = context.surroundings.interruption();
  if (follow || rollout.finishedAt !== undefined) {
    yield* client.rolloutEvents(rollout.id, { signal });
    return;
  }
  const silence = new AbortController();
  const stop = () => silence.abort();
  signal.addEventListener('abort', stop);
  let timer = setTimeout(stop, CAUGHT_UP_MS * 10);
  for await (const entry of client.rolloutEvents(rollout.id, { signal: silence.signal })) {
    clearTimeout(timer);
    timer = setTimeout(stop, CAUGHT_UP_MS);
    yield entry;
  }
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
}
