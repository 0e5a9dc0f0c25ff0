import { type Command, Option } from 'commander';
import type { Role } from '../../server/api.ts';
import { type Act, examples, type Verb } from '../command.ts';
import { EXIT } from '../exit.ts';
import { renderTokens } from '../output/lists.ts';

export const verb: Verb = {
  define(command, act) {
    command.description(
      'Tokens let people and programs use the control server from elsewhere, with FAIRWAY_URL and FAIRWAY_TOKEN.',
    );
    defineAdd(command.command('add'), act);
    defineList(command.command('list'), act);
    defineRemove(command.command('remove'), act);
    examples(
      command,
      ['fairway token add ci --role deployer', 'a token for a build server'],
      ['fairway token list', 'who has one'],
    );
  },
};

function defineAdd(command: Command, act: Act): void {
  command
    .summary('make a token and print its secret, this once')
    .description('Make a token. Its secret is printed this once; the server keeps only a digest.')
    .argument('<name>', 'whose it is, for the audit')
    .addOption(
      new Option('--role <role>', 'viewer looks, deployer also deploys, admin does all')
        .choices(['viewer', 'deployer', 'admin'])
        .default('deployer'),
    )
    .option('--json', 'print token and secret as JSON')
    .action(
      act(async (context, name: string, options: { role: Role; json?: boolean }) => {
        const created = await (await context.client()).createToken({ name, role: options.role });
        if (options.json) context.printJson(created);
        else {
          // The secret alone on standard output, so that it can be piped into a secret store.
          context.note(
            `Token ${created.token.id} for ${created.token.name} (${created.token.role}). Keep it; it is not shown again:`,
          );
          context.print(created.secret);
        }
        return EXIT.success;
      }),
    );
  examples(
    command,
    ['fairway token add ci --role deployer', 'prints the secret'],
    ['fairway token add grafana --role viewer', 'one that can only look'],
  );
}

function defineList(command: Command, act: Act): void {
  command
    .summary('list tokens, without their secrets')
    .description('List tokens, without their secrets.')
    .option('--json', 'print them as JSON')
    .action(
      act(async (context, options: { json?: boolean }) => {
        const tokens = await (await context.client()).tokens();
        if (options.json) context.printJson(tokens);
        else if (tokens.length === 0) context.print('No tokens. Make one with: fairway token add NAME');
        else context.print(...renderTokens(tokens, context.surroundings.now(), context.style));
        return EXIT.success;
      }),
    );
  examples(command, ['fairway token list', 'names, roles and when each was last used']);
}

function defineRemove(command: Command, act: Act): void {
  command
    .summary('take a token back')
    .description('Take a token back; it stops working at once.')
    .argument('<id>', 'the id that `fairway token list` shows')
    .action(
      act(async (context, id: string) => {
        await (await context.client()).removeToken(id);
        context.print(`Token ${id} works no more.`);
        return EXIT.success;
      }),
    );
  examples(command, ['fairway token remove 4f1c08d2a6be', 'by its id']);
}
