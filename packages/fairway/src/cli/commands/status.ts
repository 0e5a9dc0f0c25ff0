import type { Overview } from '../../server/api.ts';
import type { Client } from '../client.ts';
import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { requireApp } from '../known-app.ts';
import { renderStatus } from '../output/status.ts';

interface StatusOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
}

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        'Show every app (or one): the release that stands and its age, each instance and what it does, the rollout that moves and those queued behind it.',
      )
      .argument('[app]', 'only this app')
      .option('-w, --watch', 'stay and follow; lines are added where the output is no terminal')
      .option('--json', 'print what the server knows as JSON')
      .action(
        act((context, app: string | undefined, options: StatusOptions) => status(context, app, options)),
      );
    examples(
      command,
      ['fairway status', 'everything at a glance'],
      ['fairway status shop --watch', 'follow one app'],
      ['fairway status --json | jq .apps[].standing.release', 'for a script'],
    );
  },
};

async function status(context: Context, app: string | undefined, options: StatusOptions): Promise<ExitCode> {
  if (options.watch && options.json) throw new UsageError('--watch and --json exclude each other');
  const client = await context.client();
  if (options.watch) {
    const { watchStatus } = await import('../watch-status.ts');
    return watchStatus(context, () => look(client, app));
  }
  const overview = await look(client, app);
  if (options.json) context.printJson(overview);
  else context.print(...renderStatus(overview, context.style));
  return EXIT.success;
}

async function look(client: Client, app: string | undefined): Promise<Overview> {
  const overview = await client.overview();
  if (app === undefined) return overview;
  requireApp(app, overview);
  return { ...overview, apps: overview.apps.filter((one) => one.app === app) };
}
