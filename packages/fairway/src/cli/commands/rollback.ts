import { examples, type Verb } from '../command.ts';
import { type StartOptions, startOptions, startRollout } from '../start-rollout.ts';

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        'Go back to the previous good release, or to one that `fairway releases` lists. Nothing is built; the configuration of then comes back with it.',
      )
      .argument('<app>', 'name of the app')
      .argument('[release]', 'id of a kept release (default: the previous good one)')
      .action(
        act((context, app: string, release: string | undefined, options: StartOptions) =>
          startRollout(context, options, (client) => client.rollback(app, release, options.reason)),
        ),
      );
    startOptions(command);
    examples(
      command,
      ['fairway rollback shop --reason "checkout is broken"', 'to the release that served before'],
      ['fairway rollback shop 3f2a91c4d5e6-aa12bb34cc56', 'to a named one'],
    );
  },
};
