import { printable } from '../../rollout/printable.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import type { Style } from './style.ts';

/** A failure as a person reads it: what failed, the facts that show it, what to do next. */
export interface Report {
  readonly what: string;
  readonly facts: readonly string[];
  readonly next: string | undefined;
  readonly exitCode: ExitCode;
}

/** `Error: what failed`, the facts below it, `Next: what to do`. */
export function renderReport(report: Report, style: Style): string[] {
  const { paint } = style;
  const next = report.next === undefined ? [] : [`${paint.bold('Next:')} ${report.next}`];
  return [
    `${paint.bold(paint.red('Error:'))} ${report.what.split('\n').map(printable).join('\n  ')}`,
    ...report.facts.map((fact) => `  ${printable(fact)}`),
    ...next.map((line) => line.split('\n').map(printable).join('\n')),
  ];
}

/** Where the rest of a bug's story is. */
export interface Trail {
  readonly debug: boolean;
  /** The command that was typed, as far as it is known: `token add`. */
  readonly command?: string;
  /** A log that may have more, if there is one. */
  readonly logFile: string | undefined;
}

type KnownError = Error & {
  readonly code?: unknown;
  readonly hint?: unknown;
  readonly status?: unknown;
  readonly problems?: unknown;
  readonly requestId?: unknown;
};

/** Reports any error: expected ones in their own words, whatever else as the bug that it is. */
export function report(error: unknown, trail: Trail): Report {
  if (!(error instanceof Error)) return bug(new Error(`threw ${String(error)}`), trail);
  const known = error as KnownError;
  const hint = typeof known.hint === 'string' ? known.hint : undefined;
  const plain = { what: error.message, facts: [], next: hint };
  switch (error.name) {
    case 'CommanderError':
      return known.code === 'commander.help' ? noSubcommand(trail) : wrongUsage(error.message, trail);
    case 'UsageError':
      return { ...plain, next: hint ?? seeHelp(trail), exitCode: EXIT.usage };
    case 'ServerUnreachable':
      return { ...plain, exitCode: EXIT.unreachable };
    case 'ConfigProblems':
      return configProblems(error);
    case 'Refused':
      return refused(known, plain);
  }
  if (known.code === 'ENOENT' && isSpawn(error)) return missingProgram(error);
  // Our own codes are lower case with dashes; those of the system and of Node are upper case.
  if (typeof known.code === 'string' && /^[a-z]+(-[a-z]+)*$/.test(known.code)) {
    return { ...plain, exitCode: EXIT.failed };
  }
  return typeof known.code === 'string' && /^E[A-Z]+$/.test(known.code)
    ? systemError(error, known.code)
    : bug(error, trail);
}

/** Commander's message, such as `error: unknown option '--comit'\n(Did you mean --commit?)`, in our shape. */
function wrongUsage(message: string, trail: Trail): Report {
  const [what = '', suggestion] = message.replace(/^error: /, '').split('\n');
  const meant = suggestion?.replace(/^\(Did you mean (one of )?(.*)\?\)$/, 'did you mean $1$2?');
  return { what, facts: [], next: meant ?? seeHelp(trail), exitCode: EXIT.usage };
}

/** Of a command that only groups others; commander would have printed its help. */
function noSubcommand(trail: Trail): Report {
  return {
    what: `"fairway ${trail.command}" needs one of its commands after it`,
    facts: [],
    next: seeHelp(trail),
    exitCode: EXIT.usage,
  };
}

function seeHelp({ command }: Trail): string {
  return `see fairway ${command ? `${command} ` : ''}--help`;
}

function configProblems(error: Error): Report {
  const problems = error.message.split('\n');
  const what = `fairway.yml has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}; nothing was changed`;
  return { what, facts: problems, next: 'correct the file, then: fairway check', exitCode: EXIT.usage };
}

const WRONG_INPUT = new Set([400, 401, 403, 404, 422]);

function refused(error: KnownError, plain: Omit<Report, 'exitCode'>): Report {
  const problems = Array.isArray(error.problems) ? error.problems.map(String) : [];
  const status = typeof error.status === 'number' ? error.status : 0;
  const id = status === 500 && typeof error.requestId === 'string' ? [`request ${error.requestId}`] : [];
  return {
    ...plain,
    facts: [...problems, ...id],
    exitCode: WRONG_INPUT.has(status) ? EXIT.usage : EXIT.failed,
  };
}

function isSpawn(error: Error): boolean {
  return ((error as NodeJS.ErrnoException).syscall ?? '').startsWith('spawn');
}

function missingProgram(error: Error): Report {
  const program = (error as NodeJS.ErrnoException).path ?? 'a program';
  return {
    what: `${program} is needed and was not found on PATH`,
    facts: [],
    next: `install it (Debian: apt install ${program}) and try again`,
    exitCode: EXIT.failed,
  };
}

const SYSTEM: Readonly<Record<string, string>> = {
  EACCES: 'check who owns it and its permissions',
  EPERM: 'check who owns it and its permissions',
  EROFS: 'its file system is read-only',
  ENOSPC: 'make room on that disk, then try again',
  ENOENT: 'check the path',
  ENOTDIR: 'check the path',
  EADDRINUSE: 'another program listens there: end it, or set another port in fairway.yml',
};

function systemError(error: Error, code: string): Report {
  return { what: error.message, facts: [], next: SYSTEM[code], exitCode: EXIT.failed };
}

function bug(error: Error, { debug, logFile }: Trail): Report {
  const facts = debug
    ? (error.stack ?? '')
        .split('\n')
        .slice(1)
        .map((line) => line.trim())
    : [];
  const log = logFile ? `, with ${logFile}` : '';
  return {
    what: `${error.message || error.name} (this is a bug in Fairway)`,
    facts,
    next: debug ? `report it${log}` : `run it again with FAIRWAY_DEBUG=1 and report what it prints${log}`,
    exitCode: EXIT.failed,
  };
}
