/** One thing that is wrong in a configuration file. Lines and columns count from 1. */
export interface Problem {
  /** As it was named by the caller. */
  readonly file: string;
  /** Undefined when the file as a whole is the problem (it does not exist, it is not text). */
  readonly line?: number;
  readonly column?: number;
  /** Where in the document: `apps.web.deploy.strategy`; empty for the document itself. */
  readonly path: string;
  /** What was found and what was expected, without a full stop. */
  readonly message: string;
  /** What to do about it, as a sentence of its own. */
  readonly suggestion?: string;
}

/** `fairway.yml:12:17: apps.web.deploy.strategy: found "roling", expected rolling. Did you mean "rolling"?` */
export function renderProblem(problem: Problem): string {
  const position = problem.line === undefined ? '' : `:${problem.line}:${problem.column ?? 1}`;
  const path = problem.path === '' ? '' : `${problem.path}: `;
  const suggestion = problem.suggestion === undefined ? '' : `. ${problem.suggestion}`;
  return `${problem.file}${position}: ${path}${problem.message}${suggestion}`;
}

/** Everything that is wrong with a configuration, in the order of the file. The message is for people, a line each. */
export class ConfigProblems extends Error {
  override readonly name = 'ConfigProblems';
  readonly code = 'config-problems';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const sorted = problems.toSorted(byPosition);
    super(sorted.map(renderProblem).join('\n'));
    this.problems = sorted;
  }
}

function byPosition(one: Problem, other: Problem): number {
  return (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0);
}
