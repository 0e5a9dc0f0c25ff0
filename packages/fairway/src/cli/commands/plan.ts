import type { Preview } from '../../server/api.ts';
import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { renderPreview } from '../output/preview.ts';

interface PlanOptions {
  readonly commit?: string;
  readonly json?: boolean;
}

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        'Show, step by step, what a deploy, a rollback, an apply or a provision would do. Changes nothing. Without arguments: what `fairway apply` would do and, on real machines, how they differ from what they should be.',
      )
      .argument('[verb]', 'deploy, rollback, apply or provision')
      .argument('[app]', 'name of the app, for deploy and rollback')
      .argument('[release]', 'for rollback: a release (default: the previous good one)')
      .option('-c, --commit <id>', 'for deploy: the commit')
      .option('--json', 'print the steps as JSON')
      .action(
        act(
          (
            context,
            what: string | undefined,
            app: string | undefined,
            release: string | undefined,
            options: PlanOptions,
          ) => plan(context, what, app, release, options),
        ),
      );
    examples(
      command,
      ['fairway plan', 'what a changed fairway.yml would lead to'],
      ['fairway plan deploy shop --commit 3f2a91c', 'the steps of a deploy'],
      ['fairway plan rollback shop', 'where a rollback would lead, and how'],
      ['fairway plan provision', 'how the machines differ from what they should be'],
    );
  },
};

async function plan(
  context: Context,
  what: string | undefined,
  app: string | undefined,
  release: string | undefined,
  options: PlanOptions,
): Promise<ExitCode> {
  if (what === 'provision') return planProvision(context, options);
  const previews = await previewsOf(context, what ?? 'apply', app, release, options);
  if (options.json) context.printJson(previews);
  else if (previews.length === 0) context.print('Nothing to do: what runs is what fairway.yml says.');
  else context.print(...previews.flatMap((preview) => renderPreview(preview, context.style)));
  const isWhole = what === undefined && !options.json;
  return isWhole && (await hasMachines(context)) ? planProvision(context, {}) : EXIT.success;
}

async function planProvision(context: Context, { json = false }: PlanOptions): Promise<ExitCode> {
  const { provision } = await import('../provision/provision.ts');
  return provision(context, { check: true, json });
}

/** Real machines, and this is where they are set up from. */
async function hasMachines(context: Context): Promise<boolean> {
  if (context.isRemote) return false;
  const { rememberedProduction } = await import('../../config/last-good.ts');
  return ((await rememberedProduction(context.stateDirectory()))?.provider ?? 'local') !== 'local';
}

async function previewsOf(
  context: Context,
  what: string,
  app: string | undefined,
  release: string | undefined,
  { commit }: PlanOptions,
): Promise<readonly Preview[]> {
  if (what === 'apply') return (await context.client()).previewApply();
  if (what !== 'deploy' && what !== 'rollback') {
    throw new UsageError(
      `"${what}" cannot be planned`,
      'fairway plan deploy APP, rollback APP, apply or provision',
    );
  }
  if (app === undefined) throw new UsageError(`plan ${what}: which app?`, `fairway plan ${what} APP`);
  const client = await context.client();
  if (what === 'deploy') return [await client.previewDeploy(app, commit)];
  return [await client.previewRollback(app, release)];
}
