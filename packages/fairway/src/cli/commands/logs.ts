import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { requireApp } from '../known-app.ts';
import { renderLogLine } from '../output/logs.ts';
import { wholeNumber } from '../whole-number.ts';

interface LogsOptions {
  readonly follow?: boolean;
  readonly instance?: string;
  readonly lines: number;
  readonly json?: boolean;
}

export const verb: Verb = {
  define(command, act) {
    command
      .argument('<app>', 'name of the app')
      .option('-f, --follow', 'go on with new lines until Ctrl-C')
      .option('-i, --instance <name>', 'only this instance')
      .option(
        '-n, --lines <number>',
        'how many of the last lines of each instance',
        wholeNumber(0, 10_000),
        100,
      )
      .option('--json', 'print one JSON text per line')
      .action(act((context, app: string, options: LogsOptions) => logs(context, app, options)));
    examples(
      command,
      ['fairway logs shop', 'the last 100 lines of every instance'],
      ['fairway logs shop --follow --instance 3', 'what instance 3 prints, live'],
    );
  },
};

async function logs(context: Context, app: string, options: LogsOptions): Promise<ExitCode> {
  const signal = context.surroundings.interruption();
  const client = await context.client();
  // An app that was removed from fairway.yml may still have logs.
  if ((await client.rollouts(app, 1)).length === 0) requireApp(app, await client.overview());
  let isEmpty = true;
  const wanted = { instance: options.instance, lines: options.lines, follow: options.follow === true };
  for await (const line of client.logs(app, wanted, signal)) {
    isEmpty = false;
    if (options.json) context.print(JSON.stringify({ ...line.slot, text: line.text }));
    else context.print(renderLogLine({ instance: line.slot.instance, text: line.text }, context.style));
  }
  if (isEmpty && !wanted.follow) {
    const who = options.instance === undefined ? app : `Instance ${options.instance} of ${app}`;
    context.note(`${who} has printed nothing.`);
  }
  if (!wanted.follow || signal.aborted) return EXIT.success;
  context.note(`The control server ended the log. When it is back: fairway logs ${app} --follow`);
  return EXIT.unreachable;
}
