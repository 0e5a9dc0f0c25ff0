import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { printable } from '../../rollout/printable.ts';
import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';

interface InitOptions {
  readonly yes?: boolean;
}

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        'Look at the app in this folder (or the given one) and write a commented fairway.yml for it. A file that is there already is left as it is.',
      )
      .argument('[folder]', "the app's repository", '.')
      .option('-y, --yes', 'do not ask')
      .action(act((context, folder: string, options: InitOptions) => init(context, folder, options)));
    examples(
      command,
      ['fairway init', 'in the repository of an app'],
      ['fairway init ../shop', 'keep fairway.yml in a folder of its own'],
    );
  },
};

const IGNORED = '.fairway/';

async function init(context: Context, folder: string, options: InitOptions): Promise<ExitCode> {
  const { ConfigExists, proposeConfig, writeNewConfig } = await import('../../config/init/propose-config.ts');
  const { cwd, stdin } = context.surroundings;
  const file = context.newConfigFile();
  if (existsSync(file)) throw new ConfigExists(file);
  const { text, notes } = await proposeConfig(resolve(cwd, folder));
  context.print(...notes.map((note) => `- ${printable(note)}`), '');
  const name = relative(cwd, file) || file;
  const asks = !options.yes && stdin.isTTY === true && context.style.columns !== undefined;
  if (asks && !(await agreed(`Write ${name}?`))) {
    context.print('Nothing was written.');
    return EXIT.failed;
  }
  await writeNewConfig(file, text);
  context.print(`Wrote ${name}.`);
  if (
    asks &&
    (await isWorthIgnoring(file)) &&
    (await agreed(`Add ${IGNORED} (Fairway's state) to .gitignore?`))
  ) {
    await appendFile(join(dirname(file), '.gitignore'), `${IGNORED}\n`);
  }
  context.print(...nextSteps(context));
  return EXIT.success;
}

function nextSteps({ style: { paint } }: Context): string[] {
  return [
    '',
    paint.bold('Next:'),
    '  fairway check             is the file right?',
    '  fairway serve --detach    start the control server; it says where to push',
    '  git push fairway HEAD:production',
  ];
}

async function agreed(question: string): Promise<boolean> {
  const { confirm } = await import('@clack/prompts');
  return (await confirm({ message: question })) === true;
}

/** Where the file lies in a work tree that does not ignore the state directory yet. */
async function isWorthIgnoring(file: string): Promise<boolean> {
  if (!existsSync(join(dirname(file), '.git'))) return false;
  const present = await readFile(join(dirname(file), '.gitignore'), 'utf8').catch(() => '');
  return !present.split('\n').some((line) => /^\/?\.fairway\/?$/.test(line.trim()));
}
