import type { Context } from 'hono';
import type { RunningCommand } from '../../hosts/hosts.ts';
import { type LogStreamLine, type RunStreamLine, routes } from '../api.ts';
import type { RequestEnv, ServerParts } from '../context.ts';
import { problemBody, problemOf } from '../problems.ts';
import { type Api, guarded } from '../register.ts';
import { streamed, withEarlyRefusal } from '../streams.ts';

const LONGEST_COMMAND = 300;

/** Routes that answer with lines as they come: one JSON text each. */
export function registerOutput(api: Api, parts: ServerParts): void {
  const { controller, store, closing } = parts;

  api.openapi(guarded(routes.logs, parts), async (context) => {
    const { app } = context.req.valid('param');
    const { instance, lines, follow } = context.req.valid('query');
    const query = { lines, follow, ...(instance === undefined ? {} : { instance }) };
    const gone = new AbortController();
    const signal = AbortSignal.any([gone.signal, closing]);
    const log = await withEarlyRefusal(controller.logs(app, query, signal));
    return ndjson<LogStreamLine>(context, log, gone);
  });

  api.openapi(guarded(routes.run, parts), async (context) => {
    const { app } = context.req.valid('param');
    const { command } = context.req.valid('json');
    const gone = new AbortController();
    const running = await controller.run(app, command, AbortSignal.any([gone.signal, closing]));
    const subject = `${app}: ${JSON.stringify(command)}`.slice(0, LONGEST_COMMAND);
    store.audit({ by: context.get('by'), action: 'run', subject, why: '' });
    return ndjson<RunStreamLine>(context, outputOf(running), gone);
  });

  function ndjson<Line>(context: Context<RequestEnv>, lines: AsyncIterable<Line>, gone: AbortController) {
    return streamed(texts(), {
      contentType: 'application/x-ndjson; charset=utf-8',
      onEnd: () => gone.abort(),
    });

    async function* texts() {
      try {
        for await (const line of lines) yield `${JSON.stringify(line)}\n`;
      } catch (error) {
        if (gone.signal.aborted || closing.aborted) return;
        const { expected, details } = problemOf(error);
        const requestId = context.get('requestId');
        if (!expected) parts.log.error({ err: error, requestId }, 'a stream broke off');
        yield `${JSON.stringify(problemBody(details, requestId))}\n`;
      }
    }
  }
}

async function* outputOf({ lines, exitCode }: RunningCommand): AsyncGenerator<RunStreamLine> {
  // It may fail while the lines are still read; it is awaited after them.
  exitCode.catch(() => {});
  for await (const line of lines) yield { line };
  yield { exitCode: await exitCode };
}
