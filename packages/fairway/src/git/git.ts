import { ExecaError, execa } from 'execa';
import { gitEnvironment } from './environment.ts';

export interface GitOptions {
  /** The bare repository the command is about; without it, the one that `directory` lies in. */
  readonly repository?: string;
  readonly directory?: string;
  /** Variables beside those of {@link gitEnvironment}. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A git command ended with an error. The message holds git's own words. */
export class GitFailed extends Error {
  override readonly name = 'GitFailed';
  readonly code = 'git-failed';
  readonly exitCode: number | undefined;
  /** What git wrote to its standard error. */
  readonly reason: string;
  constructor(command: readonly string[], exitCode: number | undefined, reason: string, cause?: unknown) {
    super(`git ${command[0]} failed: ${reason}`, { cause });
    this.exitCode = exitCode;
    this.reason = reason;
  }
}

/** Git is not installed, or cannot be started. */
class GitMissing extends Error {
  override readonly name = 'GitMissing';
  readonly code = 'git-missing';
  constructor() {
    super('git was not found on the PATH. Install it (Debian, Ubuntu: apt-get install git) and try again.');
  }
}

/** Runs git, never through a shell, and gives its standard output as it is. Throws {@link GitFailed}. */
export async function git(command: readonly string[], options: GitOptions = {}): Promise<string> {
  const where = options.repository === undefined ? [] : ['--git-dir', options.repository];
  try {
    const result = await execa('git', [...where, ...command], {
      ...(options.directory === undefined ? {} : { cwd: options.directory }),
      env: gitEnvironment(options.environment),
      extendEnv: false,
      stripFinalNewline: false,
      input: options.input ?? '',
      timeout: options.timeoutMs ?? 60_000,
      maxBuffer: 256 * 1024 * 1024,
      ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    });
    return result.stdout;
  } catch (error) {
    throw explain(command, options, error);
  }
}

function explain(command: readonly string[], options: GitOptions, error: unknown): unknown {
  if (!(error instanceof ExecaError)) return error;
  if (error.code === 'ENOENT' && options.directory === undefined) return new GitMissing();
  if (error.timedOut)
    return new GitFailed(command, undefined, `no end after ${options.timeoutMs ?? 60_000} ms`, error);
  const said = String(error.stderr ?? '').trim();
  return new GitFailed(command, error.exitCode, said || error.originalMessage || error.shortMessage, error);
}

/** As {@link git}, without the final line break; undefined when git answered with exit code 1 (“no such thing”). */
export async function gitValue(
  command: readonly string[],
  options: GitOptions = {},
): Promise<string | undefined> {
  try {
    return (await git(command, options)).replace(/\n$/, '');
  } catch (error) {
    if (error instanceof GitFailed && error.exitCode === 1) return undefined;
    throw error;
  }
}

/** The entries of output that git ended with NUL (`-z`). */
export function nulSeparated(output: string): string[] {
  return output.split('\0').filter((entry) => entry !== '');
}
