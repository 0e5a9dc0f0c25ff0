import { printable } from '../../rollout/printable.ts';
import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';

interface AlertOptions {
  readonly reason: string;
  readonly json?: boolean;
}

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        'Say that something is wrong with an app: when this returns, no more of its traffic goes to a canary. Other systems send the same to POST /alerts.',
      )
      .argument('<app>', 'the app')
      .requiredOption('-r, --reason <text>', 'what is wrong, for the journal and the audit')
      .option('--json', 'print the answer as JSON')
      .action(act((context, app: string, options: AlertOptions) => alert(context, app, options)));
    examples(command, ['fairway alert shop --reason "payments fail"', 'its canary is taken back at once']);
  },
};

async function alert(context: Context, app: string, { reason, json }: AlertOptions): Promise<ExitCode> {
  const client = await context.client();
  const answer = await client.alert(app, reason);
  const unreached = answer.taken.flatMap((one) => one.unreached);
  const rollouts = answer.taken.flatMap((one) => one.rollouts);
  if (json) context.printJson(answer);
  else if (rollouts.length === 0) context.print(`no canary of ${app} moves: nothing is to be taken back`);
  else {
    context.print(`no more users of ${app} go to its canary; ${rollouts.join(', ')} is being taken back`);
    context.note(`Follow it with: fairway show ${rollouts[0]} --follow`);
  }
  for (const balancer of unreached)
    context.note(
      `A balancer could not be told, and may still send users to the canary: ${printable(balancer)}`,
    );
  return unreached.length === 0 ? EXIT.success : EXIT.failed;
}
