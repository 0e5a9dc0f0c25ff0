import type { Command } from 'commander';
import type { Context } from './context.ts';
import type { ExitCode } from './exit.ts';

/** Binds a command's work to the parser: the context first, then what commander passes (arguments, then options). */
export type Act = <Input extends unknown[]>(
  work: (context: Context, ...input: Input) => Promise<ExitCode>,
) => (...input: Input) => Promise<void>;

/** What each `commands/<verb>.ts` exports as `verb`. */
export interface Verb {
  /** Adds arguments, options, examples and the work to a command that has its name and summary already. */
  define(command: Command, act: Act): void;
}

export interface Example {
  readonly line: string;
  readonly does: string;
}

const EXAMPLES = new WeakMap<Command, readonly Example[]>();

/** Shown under `Examples:` in the command's help and in the reference. */
export function examples(
  command: Command,
  ...list: readonly (readonly [line: string, does: string])[]
): void {
  EXAMPLES.set(
    command,
    list.map(([line, does]) => ({ line, does })),
  );
  const body = list.flatMap(([line, does]) => [`  # ${does}`, `  ${line}`]).join('\n');
  command.addHelpText('after', `\nExamples:\n${body}`);
}

export function examplesOf(command: Command): readonly Example[] {
  return EXAMPLES.get(command) ?? [];
}
