import { examples, type Verb } from '../command.ts';
import { EXIT } from '../exit.ts';
import { requireApp } from '../known-app.ts';
import { renderRollouts } from '../output/lists.ts';
import { wholeNumber } from '../whole-number.ts';

export const verb: Verb = {
  define(command, act) {
    command
      .argument('[app]', 'only of this app')
      .option('-n, --limit <number>', 'how many at most', wholeNumber(1, 1000), 20)
      .option('--json', 'print them as JSON')
      .action(
        act(async (context, app: string | undefined, options: { limit: number; json?: boolean }) => {
          const client = await context.client();
          const rollouts = await client.rollouts(app, options.limit);
          if (app !== undefined && rollouts.length === 0) requireApp(app, await client.overview());
          if (options.json) context.printJson(rollouts);
          else if (rollouts.length === 0) context.print('No rollout yet.');
          else context.print(...renderRollouts(rollouts, context.surroundings.now(), context.style));
          return EXIT.success;
        }),
      );
    examples(
      command,
      ['fairway rollouts', 'the last 20 of all apps'],
      ['fairway rollouts shop --limit 5', 'the last five of one app'],
    );
  },
};
