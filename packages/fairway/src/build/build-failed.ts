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
  const evidence = (failure.lastLines ?? []).map(plain).filter((line) => line.trim() !== '');
  if (evidence.length > 0) lines.push('Its last lines:', ...evidence.map((line) => `  ${line}`));
  if (failure.hint) lines.push(failure.hint);
  return lines.join('\n');
}

/** Output of a build is untrusted text; in a message it must not move the cursor. */
function plain(line: string): string {
  return stripVTControlCharacters(line)
    .replace(/\t/g, '  ')
    .replace(/\p{Cc}/gu, '');
}
