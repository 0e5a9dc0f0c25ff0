import { BuildFailed } from './build-failed.ts';
import { BuildOutput } from './output.ts';
import { runGroup } from './process-group.ts';

/** One command of a build. */
export interface Step {
  /** One word for people: `checkout`, `install`, `build`. */
  readonly name: string;
  /** Program and arguments. */
  readonly command: readonly string[];
  /** How the command is called in messages, where its own words are long. */
  readonly title?: string;
  readonly directory: string;
  /** Added to the build's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What to do about a failure, seen from the end of its output. */
  hint?(lastLines: readonly string[]): string | undefined;
  /** What a person should know although it worked, seen from the end of its output. */
  remark?(lastLines: readonly string[]): string | undefined;
}

/** Runs the steps of one build, one after another, within its time. */
export interface Steps {
  /** Throws BuildFailed unless the command ends with exit code 0. */
  run(step: Step): Promise<void>;
  /** A remark of Fairway's own in the output. */
  say(line: string): void;
}

export interface StepsOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** The whole build's time; `signal` ends it earlier. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  onLine(line: string): void;
}

export function createSteps(options: StepsOptions): Steps {
  const output = new BuildOutput((line) => options.onLine(line));
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([options.signal, timeout]);

  const interrupted = (step: Step): BuildFailed | undefined => {
    if (!signal.aborted) return undefined;
    const facts = { step: step.name, command: step.command, lastLines: output.lastLines };
    if (options.signal.aborted)
      return new BuildFailed({ ...facts, code: 'build-aborted', reason: 'it was told to stop.' });
    return new BuildFailed({
      ...facts,
      code: 'build-timed-out',
      reason: `${title(step)} was ended: the build took longer than ${inWords(options.timeoutMs)}.`,
      hint: "If it needs longer, raise the app's build_timeout in fairway.yml.",
    });
  };

  return {
    say: (line) => output.say(line),
    async run(step) {
      output.beginStep();
      const before = interrupted(step);
      if (before) throw before;
      output.say(`$ ${title(step)}`);
      const end = await start(step, { ...options.environment, ...step.environment }, signal, output);
      if (end.exitCode === 0) {
        const remark = step.remark?.(output.lastLines);
        if (remark !== undefined) output.say(remark);
        return;
      }
      throw (
        interrupted(step) ??
        new BuildFailed({
          step: step.name,
          command: step.command,
          exitCode: end.exitCode ?? undefined,
          reason: `${title(step)} ${end.signal ? `was killed by ${end.signal}` : `ended with exit code ${end.exitCode}`}.`,
          lastLines: output.lastLines,
          hint: step.hint?.(output.lastLines),
        })
      );
    },
  };
}

async function start(
  step: Step,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
  output: BuildOutput,
): ReturnType<typeof runGroup> {
  try {
    return await runGroup(step.command, {
      directory: step.directory,
      environment,
      signal,
      onLine: (line) => output.line(line),
    });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    throw new BuildFailed({
      step: step.name,
      command: step.command,
      reason: `${step.command[0]} cannot be started (${code}).`,
      hint:
        code === 'ENOENT' ? 'Install it on this machine, or correct the command in fairway.yml.' : undefined,
      cause,
    });
  }
}

function title(step: Step): string {
  return step.title ?? step.command.join(' ');
}

function inWords(milliseconds: number): string {
  if (milliseconds < 1_000) return `${milliseconds} ms`;
  const seconds = Math.round(milliseconds / 1_000);
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
