import { ExecaError, execa } from 'execa';
import { LabProblem } from './lab-problem.ts';

export interface CommandOptions {
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/** Runs a program of the system with these very arguments and gives its output; a failure says what it was and said. */
export async function run(
  program: string,
  args: readonly string[],
  { input, signal }: CommandOptions = {},
): Promise<string> {
  try {
    const result = await execa(program, [...args], {
      env: { LC_ALL: 'C', PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
      ...(input === undefined ? { stdin: 'ignore' } : { input }),
      ...(signal && { cancelSignal: signal }),
    });
    return result.stdout;
  } catch (error) {
    throw error instanceof ExecaError ? failure(program, args, error) : error;
  }
}

function failure(program: string, args: readonly string[], error: ExecaError): LabProblem {
  const how = error.exitCode === undefined ? error.shortMessage : `ended with ${error.exitCode}`;
  const said = String(error.stderr ?? '').trim() || String(error.stdout ?? '').trim() || 'nothing written';
  return new LabProblem('lab-command', `${[program, ...args].join(' ')}: ${how}: ${said}`, undefined, error);
}
