import { examples, type Verb } from '../command.ts';
import { EXIT } from '../exit.ts';
import { requireApp } from '../known-app.ts';
import { renderReleases } from '../output/lists.ts';

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        'List the releases kept of an app, newest first. `current` serves now, `good` ones have served and are where rollbacks go, `left` ones were rolled away from and are gone back to only by name, `untried` ones never served.',
      )
      .argument('<app>', 'name of the app')
      .option('--json', 'print them as JSON')
      .action(
        act(async (context, app: string, options: { json?: boolean }) => {
          const client = await context.client();
          const releases = await client.releases(app);
          if (releases.length === 0) requireApp(app, await client.overview());
          if (options.json) context.printJson(releases);
          else if (releases.length === 0) {
            context.print(`${app} has no release yet; "fairway remote ${app}" says where to push.`);
          } else context.print(...renderReleases(releases, context.surroundings.now(), context.style));
          return EXIT.success;
        }),
      );
    examples(command, ['fairway releases shop', 'what a rollback can go back to']);
  },
};
