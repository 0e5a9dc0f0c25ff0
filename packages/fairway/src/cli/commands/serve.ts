import { resolve } from 'node:path';
import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';

interface ServeOptions {
  readonly detach?: boolean;
  readonly log?: string;
}

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        'Run the control server of this fairway.yml until Ctrl-C. Instances and balancer run on without it; when it starts again, it goes on where it was.',
      )
      .option('-d, --detach', 'run in the background; returns once it answers')
      .option(
        '--log <file>',
        'where its log goes, - for standard output (default: serve.log in the state directory)',
      )
      .action(act((context, options: ServeOptions) => serve(context, options)));
    examples(
      command,
      ['fairway serve', 'in this terminal'],
      ['fairway serve --detach', 'in the background'],
      ['fairway serve --log -', 'under systemd, which keeps the log'],
    );
  },
};

async function serve(context: Context, options: ServeOptions): Promise<ExitCode> {
  const configFile = context.configFile();
  const stateDirectory = context.stateDirectory();
  const { runningServer } = await import('../serve/running.ts');
  const { announce } = await import('../serve/announce.ts');
  const running = await runningServer(stateDirectory);
  if (running) {
    context.print(`The control server runs already: process ${running.pid}, ${running.url}`);
    return options.detach ? EXIT.success : EXIT.failed;
  }
  const log = resolve(context.surroundings.cwd, options.log ?? `${stateDirectory}/serve.log`);
  const place = { configFile, stateDirectory, log: options.log === '-' ? undefined : log };
  if (options.detach) {
    // Mistakes that keep it from starting are best told here, not in the log of a process that did not start.
    const { productionToStartWith } = await import('../../config/last-good.ts');
    await productionToStartWith(configFile, stateDirectory);
    const { startDetached } = await import('../serve/detached.ts');
    const pid = await startDetached(place);
    await announce(context, stateDirectory);
    context.print(`It runs in the background (process ${pid}); its log: ${log}`);
    return EXIT.success;
  }
  const { serveInForeground } = await import('../serve/foreground.ts');
  return serveInForeground(context, place);
}
