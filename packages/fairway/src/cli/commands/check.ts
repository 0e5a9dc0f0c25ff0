import { relative } from 'node:path';
import type { Production } from '../../config/production.ts';
import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { count } from '../output/words.ts';

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        'Check fairway.yml and name every problem in it at once, each with its line, what was found and what was expected. Needs no server; changes nothing.',
      )
      .option('--json', 'print the problems as JSON')
      .action(act((context, options: { json?: boolean }) => check(context, options)));
    examples(
      command,
      ['fairway check', 'the fairway.yml of this folder'],
      ['fairway check --config staging/fairway.yml --json', 'another one, for a script'],
    );
  },
};

async function check(context: Context, options: { json?: boolean }): Promise<ExitCode> {
  const file = context.configFile();
  const { readProduction } = await import('../../config/read.ts');
  const { ConfigProblems } = await import('../../config/problem.ts');
  const name = relative(context.surroundings.cwd, file) || file;
  try {
    const production = await readProduction(file, context.stateDirectory());
    if (options.json) context.printJson({ problems: [] });
    else context.print(...summary(name, production));
    return EXIT.success;
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error;
    const problems = error.problems.map((problem) => ({ ...problem, file: name }));
    if (!options.json) throw new ConfigProblems(problems);
    context.printJson({ problems });
    return EXIT.usage;
  }
}

function summary(name: string, production: Production): string[] {
  const instances = production.apps.reduce((sum, app) => sum + app.instances.length, 0);
  return [
    `${name} is right: ${count(production.apps.length, 'app')}, ${count(instances, 'instance')}.`,
    ...production.apps.map(
      (app) =>
        `  ${app.name}  ${count(app.instances.length, 'instance')}, ${app.deploy.strategy}, deploys on ${app.deploy.branch}`,
    ),
  ];
}
