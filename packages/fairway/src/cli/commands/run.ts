import { printable } from '../../rollout/printable.ts';
import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        "Run a command once, in the folder and environment of the app's current release. Exits with the command's own code.",
      )
      .usage('[options] <app> -- COMMAND…')
      .argument('<app>', 'name of the app')
      .argument('<command...>', 'program and arguments, after --')
      .action(act((context, app: string, words: string[]) => run(context, app, words)));
    examples(
      command,
      ['fairway run shop -- node scripts/reindex.js --all', 'a program of the release'],
      ['fairway run shop -- npm run migrate', 'one of its npm scripts'],
    );
  },
};

async function run(context: Context, app: string, words: readonly string[]): Promise<ExitCode> {
  const signal = context.surroundings.interruption();
  const client = await context.client();
  const isTerminal = context.style.columns !== undefined;
  for await (const line of client.run(app, words, signal)) {
    if ('exitCode' in line) return line.exitCode;
    // A pipe gets the bytes that the command wrote; a terminal must not be steered by them.
    context.print(isTerminal ? line.line.split('\t').map(printable).join('\t') : line.line);
  }
  if (signal.aborted) return EXIT.interrupted;
  context.note('The output ended before the command did: the control server went away.');
  return EXIT.failed;
}
