import { hostname, userInfo } from 'node:os';
import { examples, type Verb } from '../command.ts';
import { EXIT } from '../exit.ts';
import { branchOf, remoteLines } from '../remote-lines.ts';

export const verb: Verb = {
  define(command, act) {
    command
      .description("Print the git commands that make an app's repository known to your clone, and deploy it.")
      .argument('<app>', 'name of the app')
      .option('--json', 'print path and branch as JSON')
      .action(
        act(async (context, app: string, options: { json?: boolean }) => {
          const client = await context.client();
          const path = await client.repository(app);
          const branch = branchOf(await client.overview(), app);
          const place = { path, branch, user: userInfo().username, machine: hostname() };
          if (options.json) context.printJson({ app, path, branch });
          else context.print(...remoteLines(place, context.style));
          return EXIT.success;
        }),
      );
    examples(command, ['fairway remote shop', 'then run what it prints, in the clone of shop']);
  },
};
