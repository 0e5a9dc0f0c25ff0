import { examples, type Verb } from '../command.ts';
import { EXIT } from '../exit.ts';

export const verb: Verb = {
  define(command, act) {
    command.description('What sends visitors to the instances.');
    const restart = command
      .command('restart')
      .summary('start it again without losing a request')
      .description(
        'Start the balancer again, after an update for instance. Its listening socket is handed over, and requests under way are answered.',
      )
      .option('-r, --reason <text>', 'why, for the audit')
      .action(
        act(async (context, options: { reason?: string }) => {
          await (await context.client()).restartBalancer(options.reason);
          context.print('The balancer was restarted; its listening socket stayed open.');
          return EXIT.success;
        }),
      );
    examples(restart, ['fairway balancer restart --reason "new version"', 'visitors notice nothing']);
    examples(command, ['fairway balancer restart', 'visitors notice nothing']);
  },
};
