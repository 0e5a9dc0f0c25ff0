import type { RolloutRecord } from '../../server/api.ts';
import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { awaitRollout, exitCodeOf, followRollout } from '../follow-rollout.ts';
import { type StartOptions, startOptions } from '../start-rollout.ts';

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        'Adopt a changed fairway.yml: each app whose instances, routes or environment differ is rolled out with its present release, and an app that is gone from the file is removed. `fairway plan apply` shows it first.',
      )
      .action(act((context, options: StartOptions) => apply(context, options)));
    startOptions(command);
    examples(command, ['fairway apply --reason "two more instances"', 'after a change of fairway.yml']);
  },
};

async function apply(context: Context, options: StartOptions): Promise<ExitCode> {
  const signal = context.surroundings.interruption();
  const client = await context.client();
  const asked = await client.apply(options.reason);
  if (options.json) {
    const rollouts: RolloutRecord[] = [];
    for (const rollout of asked) {
      rollouts.push(options.wait ? await awaitRollout(context, client, rollout) : rollout);
    }
    context.printJson(rollouts);
    return options.wait ? worst(rollouts.map(exitCodeOf)) : EXIT.success;
  }
  if (asked.length === 0) context.print('Nothing to do: what runs is what fairway.yml says.');
  const codes: ExitCode[] = [];
  for (const rollout of asked) {
    if (options.wait && !signal.aborted) codes.push(await followRollout(context, client, rollout, signal));
    else context.print(`${rollout.id} was accepted (${rollout.status}): fairway status ${rollout.app}`);
  }
  return worst(codes);
}

function worst(codes: readonly ExitCode[]): ExitCode {
  return Math.max(EXIT.success, ...codes);
}
