import { createRoute, z } from '@hono/zod-openapi';
import { flag, name, wholeNumber } from '../fields.ts';
import { LogStreamLine, RunRequest, RunStreamLine } from '../streams.ts';
import { access, app, body, changing, looking, ndjson } from './parts.ts';

export const logs = createRoute({
  method: 'get',
  path: '/api/apps/{app}/logs',
  ...access('viewer'),
  summary: "The last lines of an app's logs, and new ones while `follow`",
  request: {
    params: app,
    query: z.strictObject({
      instance: name.optional(),
      lines: wholeNumber(0, 10_000).default(100),
      follow: flag.default(false),
    }),
  },
  responses: {
    200: {
      description: 'One JSON text per line',
      content: ndjson(LogStreamLine),
    },
    ...looking,
  },
});

export const run = createRoute({
  method: 'post',
  path: '/api/apps/{app}/run',
  ...access('deployer'),
  summary:
    "Run a command once in the environment of the app's present release; it ends when the caller goes away",
  request: { params: app, body: body(RunRequest) },
  responses: {
    200: {
      description: 'One JSON text per line',
      content: ndjson(RunStreamLine),
    },
    ...changing,
  },
});
