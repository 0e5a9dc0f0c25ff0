import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        'Stop everything that Fairway runs for this state directory: the control server, all instances, the balancer, the supervisor. Releases and history are kept.',
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
  const { findRunning, stopRunning } = await import('../down/running.ts');
  const running = await findRunning(stateDirectory);
  if (running.things.length === 0) {
    context.print(`Nothing runs for ${stateDirectory}.`);
    await running.close();
    return EXIT.success;
  }
  try {
    if (!options.yes && !(await agreed(context, stateDirectory, running.things))) {
      context.print('Nothing was stopped.');
      return EXIT.failed;
    }
    await stopRunning(running, (line) => context.print(line));
  } finally {
    await running.close();
  }
  context.print('Releases and history are kept. Start again with: fairway serve');
  return EXIT.success;
}

async function agreed(context: Context, stateDirectory: string, things: readonly string[]): Promise<boolean> {
  if (!context.surroundings.stdin.isTTY || context.style.columns === undefined) {
    throw new UsageError(
      `this would stop ${things.join(', ')} of ${stateDirectory}, and there is no terminal to ask on`,
      'say so with: fairway down --yes',
    );
  }
  const { confirm } = await import('@clack/prompts');
  const message = `Stop ${things.join(', ')} of ${stateDirectory}? Visitors get no answer then.`;
  return (await confirm({ message, initialValue: false })) === true;
}
