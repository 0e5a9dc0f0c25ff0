import { PassThrough, Readable } from 'node:stream';
import { runCommandLine } from '../../src/cli/main.ts';

export interface CommandLineResult {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

export interface CommandLineOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly interrupt?: AbortSignal;
  /** Unix time, ms, as the command sees it. */
  readonly now?: number;
  /** Called with every piece of standard output. */
  readonly onOutput?: (piece: string) => void;
}

/** Runs one `fairway …` in this process, with streams of its own, as if in a pipe. */
export async function runCli(
  words: readonly string[],
  options: CommandLineOptions = {},
): Promise<CommandLineResult> {
  const texts = { out: '', err: '' };
  const stream = (name: 'out' | 'err') =>
    new PassThrough().on('data', (piece: Buffer) => {
      texts[name] += piece.toString();
      if (name === 'out') options.onOutput?.(piece.toString());
    });
  const stdout = stream('out');
  const stderr = stream('err');
  const exitCode = await runCommandLine(words, {
    env: { USER: 'anna', ...options.env },
    cwd: options.cwd ?? '/',
    stdin: Readable.from(options.stdin === undefined ? [] : [options.stdin]),
    stdout,
    stderr,
    now: () => options.now ?? Date.now(),
    interruption: () => options.interrupt ?? new AbortController().signal,
  });
  return { exitCode, ...texts };
}
