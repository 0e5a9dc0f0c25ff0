import { BuildFailed } from '../build/build-failed.ts';
import type { BuildRequest } from '../build/builder.ts';
import type { Release } from '../build/release.ts';

type Build<Request> = (request: Request) => Promise<Release>;

/** A build whose output has passed through `redact`, that of its failure too. */
export function redactingBuild<Request extends Pick<BuildRequest, 'onLine'>>(
  build: Build<Request>,
  redact: (text: string) => string,
): Build<Request> {
  return async (request) => {
    try {
      return await build({ ...request, onLine: (line: string) => request.onLine(redact(line)) });
    } catch (error) {
      throw error instanceof BuildFailed ? redactFailure(error, redact) : error;
    }
  };
}

function redactFailure(error: BuildFailed, redact: (text: string) => string): BuildFailed {
  const { code, step, command, exitCode, lastLines, hint } = error;
  return new BuildFailed({
    code,
    step,
    reason: redact(error.reason),
    hint,
    command,
    exitCode,
    lastLines: lastLines.map(redact),
  });
}
