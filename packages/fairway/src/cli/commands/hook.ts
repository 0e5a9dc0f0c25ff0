import type { Command } from 'commander';
import { type Act, examples, type Verb } from '../command.ts';

interface HookOptions {
  readonly app: string;
}

export const verb: Verb = {
  define(command, act) {
    command.description('Answer the hooks of an app’s repository. git calls this; there is no need to.');
    defineHook(command.command('pre-receive'), act, 'refuse a push that cannot deploy', async () => {
      return (await import('../hooks/pre-receive.ts')).preReceive;
    });
    defineHook(
      command.command('post-receive'),
      act,
      'deploy what was pushed and tell how it goes',
      async () => {
        return (await import('../hooks/post-receive.ts')).postReceive;
      },
    );
    examples(command, ['fairway --state DIR hook pre-receive --app shop < refs', 'as the hook script does']);
  },
};

type Hook = typeof import('../hooks/post-receive.ts')['postReceive'];

function defineHook(command: Command, act: Act, summary: string, load: () => Promise<Hook>): void {
  command
    .summary(summary)
    .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
    .requiredOption('--app <app>', "the repository's app")
    .action(act(async (context, options: HookOptions) => (await load())(context, options.app)));
  examples(command, [
    `fairway --state DIR hook ${command.name()} --app shop < refs`,
    'a line OLD NEW REF per ref, as githooks(5) says',
  ]);
}
