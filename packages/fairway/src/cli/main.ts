import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Command, CommanderError } from 'commander';
import { EXIT, type ExitCode } from './exit.ts';
import type { Style } from './output/style.ts';
import { createProgram } from './program.ts';
import { processSurroundings, type Surroundings } from './surroundings.ts';

/** Runs one command line (without `node` and the script) and resolves to its exit code. Never throws. */
export async function runCommandLine(
  words: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  const program = createProgram(surroundings, version());
  if (words.length === 0) {
    program.command.outputHelp();
    return 0;
  }
  try {
    await program.command.parseAsync([...words], { from: 'user' });
    return program.exitCode();
  } catch (error) {
    if (isDone(error)) return 0;
    return printError(error, words, surroundings, typedCommand(program.command, words));
  }
}

/** Help or the version was asked for and printed: commander says so by throwing. */
function isDone(error: unknown): boolean {
  const { code, exitCode } = error as CommanderError;
  return typeof code === 'string' && code.startsWith('commander.') && exitCode === 0;
}

async function printError(
  error: unknown,
  words: readonly string[],
  surroundings: Surroundings,
  command: string,
): Promise<ExitCode> {
  const { renderReport, report } = await import('./output/report.ts');
  const debug = surroundings.env.FAIRWAY_DEBUG === '1';
  const found = report(error, { debug, command, logFile: undefined });
  const lines = renderReport(found, await errorStyle(words, surroundings));
  surroundings.stderr.write(`${lines.join('\n')}\n`);
  return found.exitCode;
}

/** The verb, and the verb below it: what `--help` can be asked of. */
function typedCommand(root: Command, words: readonly string[]): string {
  const names: string[] = [];
  let place: Command | undefined = root;
  for (const word of words) {
    const next: Command | undefined = place.commands.find((one) => one.name() === word);
    if (!next) continue;
    names.push(word);
    place = next;
  }
  return names.join(' ');
}

async function errorStyle(words: readonly string[], { env, stderr }: Surroundings): Promise<Style> {
  const { chooseStyle } = await import('./output/style.ts');
  return chooseStyle({
    env,
    isTerminal: stderr.isTTY === true,
    columns: stderr.columns,
    color: !words.includes('--no-color'),
  });
}

function version(): string {
  const require = createRequire(import.meta.url);
  return (require('../../package.json') as { version: string }).version;
}

/** The process's entry: see `bin/fairway.js`. */
export async function main(): Promise<void> {
  // `fairway status | head -1` is no failure: whoever reads has seen enough.
  process.stdout.on('error', endOfOutput);
  process.stderr.on('error', endOfOutput);
  process.exitCode = await runCommandLine(process.argv.slice(2), processSurroundings());
}

function endOfOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  try {
    writeSync(process.stderr.fd, `Error: the output cannot be written: ${error.message}\n`);
  } catch {
    // There is nowhere left to say it.
  }
  process.exit(EXIT.failed);
}
