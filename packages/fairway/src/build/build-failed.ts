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
  /** The end of the output, raw. */
  readonly lastLines?: readonly string[];
  readonly cause?: unknown;
}

/** A commit could not be made into a release. The message is for a person; nothing was written. */
export class BuildFailed extends Error {
  override readonly name = 'BuildFailed';
  readonly code: BuildFailureCode;
  readonly step: string;
  /** What went wrong, without the output that shows it. */
  readonly reason: string;
  readonly command: readonly string[];
  readonly exitCode: number | undefined;
  /** The lines of the output that tell most, safe to print. */
  readonly lastLines: readonly string[];
  readonly hint: string | undefined;
  constructor(failure: BuildFailure) {
    super(describe(failure), { cause: failure.cause });
    this.code = failure.code ?? 'build-failed';
    this.step = failure.step;
    this.reason = failure.reason;
    this.command = failure.command ?? [];
    this.exitCode = failure.exitCode;
    this.lastLines = evidence(failure.lastLines ?? []);
    this.hint = failure.hint;
  }
}

function describe(failure: BuildFailure): string {
  const lines = [`The build failed at "${failure.step}": ${failure.reason}`];
  const shown = evidence(failure.lastLines ?? []);
  if (shown.length > 0) lines.push('Its output:', ...shown.map((line) => `  ${line}`));
  if (failure.hint) lines.push(failure.hint);
  return lines.join('\n');
}

const SHOWN_LINES = 20;

/** Many tools say what is wrong first, and how they are used after it: from the first error on, or else the end. */
function evidence(lastLines: readonly string[]): string[] {
  const lines = lastLines.map(plain).filter((line) => !/^(npm error|npm ERR!)?\s*$/.test(line));
  const end = Math.max(0, lines.length - SHOWN_LINES);
  const firstError = lines.findIndex((line) => /\b(error|fatal|ERR!|cannot|failed)\b/i.test(line));
  const from = firstError === -1 ? end : Math.min(firstError, end);
  const usage = lines.findIndex((line, index) => index > from && /\bUsage:\s*$/.test(line));
  return lines.slice(from, Math.min(from + SHOWN_LINES, usage === -1 ? lines.length : usage));
}

/** Output of a build is untrusted text; in a message it must not move the cursor. */
function plain(line: string): string {
  return stripVTControlCharacters(line)
    .replace(/\t/g, '  ')
    .replace(/\p{Cc}/gu, '');
}
