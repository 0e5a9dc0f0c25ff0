import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        'Stop everything that Fairway runs on this machine for this state directory: the control server, all instances, the balancer, the supervisor. What runs on other machines (providers ssh, lab and aws) goes on. Releases and history are kept.',
      )
      .option('-y, --yes', 'do not ask')
      .action(act((context, options: { yes?: boolean }) => down(context, options)));
    examples(
      command,
      ['fairway down', 'asks first'],
      ['fairway down --yes --state /srv/shop/.fairway', 'for a script'],
    );
  },
};

async function down(context: Context, options: { yes?: boolean }): Promise<ExitCode> {
  if (context.isRemote) {
    throw new UsageError(
      'down works on the machine of the state directory, not over --server or FAIRWAY_URL',
      'run it there, or name the directory with --state',
    );
  }
  const stateDirectory = context.stateDirectory();
  const { rememberedProduction } = await import('../../config/last-good.ts');
  const provider = (await rememberedProduction(stateDirectory))?.provider ?? 'local';
  const isElsewhere = provider !== 'local';
  const { findRunning, stopRunning } = await import('../down/running.ts');
  const running = await findRunning(stateDirectory);
  if (running.things.length === 0) {
    context.print(`Nothing runs ${isElsewhere ? 'here ' : ''}for ${stateDirectory}.`);
    await running.close();
    return EXIT.success;
  }
  try {
    if (!options.yes && !(await agreed(context, stateDirectory, running.things, isElsewhere))) {
      context.print('Nothing was stopped.');
      return EXIT.failed;
    }
    await stopRunning(running, (line) => context.print(line));
  } finally {
    await running.close();
  }
  if (isElsewhere)
    context.print(
      'Instances and balancers on other machines go on, and come back by themselves when those are restarted.',
      'To end an app there, take it out of fairway.yml, then: fairway apply',
    );
  context.print('Releases and history are kept. Start again with: fairway serve');
  return EXIT.success;
}

async function agreed(
  context: Context,
  stateDirectory: string,
  things: readonly string[],
  isElsewhere: boolean,
): Promise<boolean> {
  if (!context.surroundings.stdin.isTTY || context.style.columns === undefined) {
    throw new UsageError(
      `this would stop ${things.join(', ')} of ${stateDirectory}, and there is no terminal to ask on`,
      'say so with: fairway down --yes',
    );
  }
  const { confirm } = await import('@clack/prompts');
  const outcome = isElsewhere ? 'Visitors notice nothing.' : 'Visitors get no answer then.';
  const message = `Stop ${things.join(', ')} of ${stateDirectory}? ${outcome}`;
  return (await confirm({ message, initialValue: false })) === true;
}
