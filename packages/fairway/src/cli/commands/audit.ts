import { examples, type Verb } from '../command.ts';
import { EXIT } from '../exit.ts';
import { renderAudit } from '../output/lists.ts';
import { wholeNumber } from '../whole-number.ts';

export const verb: Verb = {
  define(command, act) {
    command
      .description('List who did what, when and why, newest first.')
      .option('-n, --limit <number>', 'how many at most', wholeNumber(1, 1000), 50)
      .option(
        '--before <sequence>',
        'only entries older than this one (see --json)',
        wholeNumber(1, Number.MAX_SAFE_INTEGER),
      )
      .option('--json', 'print them as JSON')
      .action(
        act(async (context, options: { limit: number; before?: number; json?: boolean }) => {
          const entries = await (await context.client()).audit(options.limit, options.before);
          if (options.json) context.printJson(entries);
          else if (entries.length === 0) context.print('Nothing was done yet.');
          else context.print(...renderAudit(entries, context.style));
          return EXIT.success;
        }),
      );
    examples(command, ['fairway audit --limit 10', 'the last ten things that people did']);
  },
};
