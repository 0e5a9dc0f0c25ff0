import type { Command } from 'commander';
import { type Act, examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { renderTable } from '../output/table.ts';

export const verb: Verb = {
  define(command, act) {
    command.description(
      "Secrets are environment variables of an app that fairway.yml names under `secrets`. Their values are kept beside it, encrypted (age), and are shown nowhere. Changes reach instances with the app's next deploy, or with fairway apply.",
    );
    defineSet(command.command('set'), act);
    defineList(command.command('list'), act);
    defineRemove(command.command('remove'), act);
    defineInit(command.command('init'), act);
    examples(
      command,
      ['fairway secrets set shop DATABASE_PASSWORD', 'asks for the value'],
      ['fairway secrets list', 'which there are, without their values'],
    );
  },
};

function defineSet(command: Command, act: Act): void {
  command
    .summary('set a secret')
    .description(
      'Set a secret of an app. The value is asked for, or read from standard input (without its last newline); it is no argument, for others can see those.',
    )
    .argument('<app>', "the app's name")
    .argument('<name>', 'the environment variable')
    .action(act((context, app: string, name: string) => set(context, app, name)));
  examples(
    command,
    ['fairway secrets set shop DATABASE_PASSWORD', 'asks for the value'],
    ['fairway secrets set shop TLS_KEY < key.pem', 'takes it from a file'],
  );
}

async function set(context: Context, appName: string, name: string): Promise<ExitCode> {
  const { appNamed, secretsAtHand, shownPath } = await import('../secrets/place.ts');
  const { openStore } = await import('../secrets/open-store.ts');
  const { readSecretValue } = await import('../secrets/read-value.ts');
  const secrets = await secretsAtHand(context);
  const app = appNamed(secrets.production, appName, name);
  const value = await readSecretValue(context, name);
  await openStore(context, secrets);
  await secrets.store.set(app.name, name, value);
  const file = shownPath(context, secrets.store.fileOf(app.name, name));
  context.print(`${name} of ${app.name} is set, encrypted in ${file}.`);
  if (app.secrets.includes(name))
    context.note('Next: commit it, then have instances restarted with it: fairway apply');
  else
    context.note(
      `Next: name it in fairway.yml, or no instance is given it: apps.${app.name}.secrets: [${name}]`,
    );
  return EXIT.success;
}

function defineList(command: Command, act: Act): void {
  command
    .summary('list secrets, without their values')
    .description('List the secrets of each app and whether they have a value. Values are not shown.')
    .option('--json', 'print them as JSON')
    .action(act((context, options: { json?: boolean }) => list(context, options)));
  examples(command, ['fairway secrets list', 'names, and which are missing']);
}

async function list(context: Context, options: { json?: boolean }): Promise<ExitCode> {
  const { secretsAtHand } = await import('../secrets/place.ts');
  const { listSecrets } = await import('../../secrets/list.ts');
  const { production, store } = await secretsAtHand(context);
  const secrets = listSecrets(production.apps, store.names());
  if (options.json) context.printJson(secrets);
  else if (secrets.length === 0) context.print('No secrets. Set one with: fairway secrets set APP NAME');
  else {
    const states = { set: 'set', missing: 'has no value', unused: 'set, but not named in fairway.yml' };
    const rows = secrets.map(({ app, name, state }) => [
      { text: app },
      { text: name },
      { text: states[state] },
    ]);
    const columns = [{ title: 'APP' }, { title: 'NAME' }, { title: 'VALUE' }];
    context.print(...renderTable(columns, rows, context.style));
  }
  return EXIT.success;
}

function defineRemove(command: Command, act: Act): void {
  command
    .summary('remove a secret')
    .description('Remove a secret. Instances that run keep what they were started with.')
    .argument('<app>', "the app's name")
    .argument('<name>', 'the environment variable')
    .action(act((context, app: string, name: string) => remove(context, app, name)));
  examples(command, ['fairway secrets remove shop OLD_TOKEN', 'deletes its file']);
}

async function remove(context: Context, app: string, name: string): Promise<ExitCode> {
  const { secretsAtHand } = await import('../secrets/place.ts');
  const { production, store } = await secretsAtHand(context);
  const isThere = store.names().some((secret) => secret.app === app && secret.name === name);
  if (!isThere)
    throw new UsageError(`${app} has no secret "${name}"`, 'see which there are: fairway secrets list');
  store.remove(app, name);
  context.print(`${name} of ${app} is removed.`);
  const isNamed = production.apps.find((candidate) => candidate.name === app)?.secrets.includes(name);
  if (isNamed)
    context.note(`Next: take ${name} out of apps.${app}.secrets in fairway.yml, or deploys are refused.`);
  return EXIT.success;
}

function defineInit(command: Command, act: Act): void {
  command
    .summary('make the key that secrets are encrypted with')
    .description(
      'Make the key that secrets are encrypted with, outside the repository, if there is none. `set` does it by itself.',
    )
    .action(act((context) => init(context)));
  examples(command, ['fairway secrets init', 'makes the key, and says where it is']);
}

async function init(context: Context): Promise<ExitCode> {
  const { secretsAtHand, shownPath } = await import('../secrets/place.ts');
  const { openStore } = await import('../secrets/open-store.ts');
  const secrets = await secretsAtHand(context);
  if (!(await openStore(context, secrets)))
    context.print(`There are keys already, in ${shownPath(context, secrets.store.recipientsFile)}.`);
  return EXIT.success;
}
