import type { Command } from 'commander';
import type { RolloutRecord } from '../server/api.ts';
import type { Client } from './client.ts';
import type { Context } from './context.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { awaitRollout, exitCodeOf, followRollout } from './follow-rollout.ts';

/** Options of every command that starts a rollout. */
export interface StartOptions {
  readonly reason?: string;
  readonly wait: boolean;
  readonly json?: boolean;
}

export function startOptions(command: Command): Command {
  return command
    .option('-r, --reason <text>', 'why, for the journal and the audit')
    .option('--no-wait', 'return once it is accepted, not once it has ended')
    .option('--json', 'print the rollout as JSON instead of its progress');
}

/** Asks for a rollout, then follows it to its end, or not, as the options say. */
export async function startRollout(
  context: Context,
  options: StartOptions,
  ask: (client: Client) => Promise<RolloutRecord>,
): Promise<ExitCode> {
  // Taken first: a Ctrl-C while the server is being asked must not leave it open whether it was.
  const signal = context.surroundings.interruption();
  const client = await context.client();
  const asked = await ask(client);
  if (!options.wait) {
    if (options.json) context.printJson(asked);
    else context.print(`${asked.id} was accepted (${asked.status}): fairway status ${asked.app}`);
    return EXIT.success;
  }
  if (!options.json) return followRollout(context, client, asked, signal);
  const ended = await awaitRollout(context, client, asked);
  context.printJson(ended);
  return exitCodeOf(ended);
}
