import { Command } from 'commander';
import { CATALOGUE, type CatalogueEntry } from './catalogue.ts';
import type { Act } from './command.ts';
import { Context, type GlobalOptions } from './context.ts';
import type { ExitCode } from './exit.ts';
import type { Surroundings } from './surroundings.ts';

const EXIT_CODES = `
Exit codes:
  0    it worked
  1    it was tried and failed: a deploy failed or was taken back, or the server refused
  2    wrong usage or configuration, nothing was tried
  3    the control server cannot be reached
  130  interrupted with Ctrl-C; what the server was asked for goes on

Environment:
  FAIRWAY_STATE                the state directory, as --state
  FAIRWAY_URL, FAIRWAY_TOKEN   a control server elsewhere, as --server, and the token for it
  NO_COLOR, FORCE_COLOR        whether to print colours`;

export interface Program {
  readonly command: Command;
  /** Of the command that ran. */
  exitCode(): ExitCode;
}

/** The command tree. A verb's own definition is loaded when it is about to be parsed, so that start-up stays short. */
export function createProgram(surroundings: Surroundings, version: string): Program {
  let exitCode: ExitCode = 0;
  const root = new Command('fairway');
  const act: Act =
    (work) =>
    async (...input) => {
      exitCode = await work(new Context(surroundings, root.opts<GlobalOptions>()), ...input);
    };
  root
    .usage('[options] COMMAND')
    .description('Put web apps into production on your own machines with git push.')
    .option('--config <file>', 'configuration file (default: fairway.yml here or in a folder above)')
    .option('--state <dir>', 'state directory (default: .fairway beside the configuration file)')
    .option('--server <url>', "the control server's address (default: that of the state directory)")
    .option('--no-color', 'print no colours')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    // Errors and help are printed in one place, by main.
    .configureOutput({
      writeOut: (text) => surroundings.stdout.write(text),
      writeErr: () => undefined,
      getOutHelpWidth: () => surroundings.stdout.columns ?? 80,
      getOutHasColors: () => false,
    });
  for (const entry of CATALOGUE) addEntry(root, entry);
  root
    .command('help [command]', { hidden: true })
    .summary('print the help of a command')
    .action(async (name?: string) => {
      const verb = root.commands.find((command) => command.name() === name);
      if (verb) await load(verb, act);
      else if (name !== undefined) await root.parseAsync([name], { from: 'user' });
      (verb ?? root).outputHelp();
    });
  root.hook('preSubcommand', async (_, subcommand) => {
    await load(subcommand, act);
  });
  return { command: root, exitCode: () => exitCode };
}

/** Every verb with its definition, as the reference lists them. */
export async function loadAll(program: Program): Promise<void> {
  const act: Act = () => async () => undefined;
  for (const command of program.command.commands) await load(command, act);
}

function addEntry(root: Command, entry: CatalogueEntry): void {
  root
    .command(entry.name, { hidden: entry.isHidden ?? false })
    .summary(entry.summary)
    .description(sentence(entry.summary))
    .helpGroup(entry.group)
    .configureHelp({ showGlobalOptions: true });
}

const loaded = new WeakSet<Command>();

async function load(command: Command, act: Act): Promise<void> {
  const entry = CATALOGUE.find(({ name }) => name === command.name());
  if (!entry || loaded.has(command)) return;
  loaded.add(command);
  (await entry.load()).verb.define(command, act);
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}
