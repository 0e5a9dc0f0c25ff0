import { stripVTControlCharacters } from 'node:util';

export type BuildFailureCode = 'build-failed' | 'build-timed-out' | 'build-aborted';

/** What is known of a build that came to no release. */
export interface BuildFailure {
  readonly code?: BuildFailureCode;
  /** What the build was doing: `install`, `build`, `checkout`. */
  readonly step: string;
  /** What went wrong, as the end of a sentence that the step begins. */
  readonly reason: string;
  /** What the person can do about it. */
  readonly hint?: string | undefined;
  readonly command?: readonly string[];
  readonly exitCode?: number | undefined;
  /** The end of the output. */
  readonly lastLines?: readonly string[];
  readonly cause?: unknown;
}

/** A commit could not be made into a release. The message is for a person; nothing was written. */
export class BuildFailed extends Error {
  override readonly name = 'BuildFailed';
  readonly code: BuildFailureCode;
  readonly step: string;
  readonly command: readonly string[];
  readonly exitCode: number | undefined;
  readonly lastLines: readonly string[];
  readonly hint: string | undefined;
  constructor(failure: BuildFailure) {
    super(describe(failure), { cause: failure.cause });
    this.code = failure.code ?? 'build-failed';
    this.step = failure.step;
    this.command = failure.command ?? [];
    this.exitCode = failure.exitCode;
    this.lastLines = failure.lastLines ?? [];
    this.hint = failure.hint;
  }
}

function describe(failure: BuildFailure): string {
  const lines = [`The build failed at "${failure.step}": ${failure.reason}`];
  lines.push(...evidence(failure.lastLines ?? []));
  if (failure.hint) lines.push(failure.hint);
  return lines.join('\n');
}

const SHOWN_LINES = 20;

/** The part of the output that tells most: many tools say what is wrong first, and then how they are used. */
function evidence(lastLines: readonly string[]): string[] {
  const lines = lastLines.map(plain).filter((line) => line.trim() !== '');
  if (lines.length === 0) return [];
  const end = lines.length - SHOWN_LINES;
  const firstError = lines.findIndex((line) => /\b(error|fatal|ERR!|cannot|failed)/i.test(line));
  const from = Math.max(0, firstError === -1 ? end : Math.min(firstError, end));
  const shown = lines.slice(from, from + SHOWN_LINES).map((line) => `  ${line}`);
  return [from < end ? 'Of its last lines:' : 'Its last lines:', ...shown];
}

/** Output of a build is untrusted text; in a message it must not move the cursor. */
function plain(line: string): string {
  return stripVTControlCharacters(line)
    .replace(/\t/g, '  ')
    .replace(/\p{Cc}/gu, '');
}
