import { createRoute, z } from '@hono/zod-openapi';
import { commit, flag, name, wholeNumber } from './fields.ts';
import { Overview, ReleaseList } from './overview.ts';
import { AuditPage, CreatedToken, CreateTokenRequest, TokenList } from './people.ts';
import { Problem } from './problem.ts';
import {
  CheckPushAnswer,
  CheckPushRequest,
  DeployRequest,
  LiveEntry,
  Preview,
  PreviewList,
  ReasonRequest,
  RollbackRequest,
  RolloutList,
  RolloutRecord,
} from './rollouts.ts';
import { Health, LogStreamLine, Repository, RunRequest, RunStreamLine } from './streams.ts';

/** Who may call: `anyone` needs no token. A higher role may do all that a lower one may. */
export type Access = 'anyone' | 'viewer' | 'deployer' | 'admin';

const problems = {
  400: 'A field is wrong; `problems` names each.',
  401: 'No token, or one that is not known.',
  403: "The token's role does not allow this.",
  404: 'There is no such app, rollout, release or token.',
  409: 'It cannot be done in the present state.',
  413: 'The body is larger than 1 MB.',
  415: 'The body is not JSON.',
  422: 'It cannot be done with this configuration or commit.',
  500: 'A bug; the server log has more under the same request id.',
  503: 'A part of the production cannot be reached, or the server is stopping.',
} as const;
type ProblemStatus = keyof typeof problems;

function refusals<const Status extends ProblemStatus>(...statuses: readonly Status[]) {
  const described = statuses.map((status) => [
    status,
    { description: problems[status], content: { 'application/json': { schema: Problem } } },
  ]);
  return Object.fromEntries(described) as Record<
    Status,
    { description: string; content: { 'application/json': { schema: typeof Problem } } }
  >;
}

function json<Schema extends z.ZodType>(description: string, schema: Schema) {
  return { description, content: { 'application/json': { schema } } };
}

function body<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { 'application/json': { schema } } };
}

/** The key is widened on purpose: hono takes the type for JSON otherwise, and wants one value instead of a stream. */
function ndjson<Schema extends z.ZodType>(schema: Schema) {
  return { ['application/x-ndjson' as string]: { schema } };
}

/** `x-role` is both the documentation and what the server enforces. */
function access<const A extends Access>(role: A) {
  return { 'x-role': role, security: role === 'anyone' ? [] : [{ token: [] }] };
}

const looking = refusals(400, 401, 403, 404, 500, 503);
const changing = refusals(400, 401, 403, 404, 409, 413, 415, 422, 500, 503);
const app = z.object({ app: name });
const rollout = z.object({ id: name });
const limit = wholeNumber(1, 1000).default(20);
const after = wholeNumber(0, Number.MAX_SAFE_INTEGER)
  .optional()
  .openapi({ description: 'The sequence after which to begin; `Last-Event-ID` wins over it.' });

export const health = createRoute({
  method: 'get',
  path: '/healthz',
  ...access('anyone'),
  summary: 'Whether the control server answers',
  responses: { 200: json('It does.', Health) },
});

export const metrics = createRoute({
  method: 'get',
  path: '/metrics',
  ...access('viewer'),
  summary: 'Figures for Prometheus',
  responses: {
    200: { description: 'Text format 0.0.4', content: { 'text/plain': { schema: z.string() } } },
    ...refusals(401, 403, 500),
  },
});

export const openapi = createRoute({
  method: 'get',
  path: '/openapi.json',
  ...access('anyone'),
  summary: 'This document',
  responses: { 200: json('OpenAPI 3.1', z.looseObject({ openapi: z.string() })) },
});

export const overview = createRoute({
  method: 'get',
  path: '/api/overview',
  ...access('viewer'),
  summary: 'Every app: what stands, what runs, what serves, what moves',
  responses: { 200: json('The production at this moment', Overview), ...looking },
});

export const releases = createRoute({
  method: 'get',
  path: '/api/apps/{app}/releases',
  ...access('viewer'),
  summary: 'Releases kept of an app, newest first',
  request: { params: app },
  responses: { 200: json('Releases', ReleaseList), ...looking },
});

export const appRollouts = createRoute({
  method: 'get',
  path: '/api/apps/{app}/rollouts',
  ...access('viewer'),
  summary: 'Rollouts of an app, newest first',
  request: { params: app, query: z.strictObject({ limit }) },
  responses: { 200: json('Rollouts', RolloutList), ...looking },
});

export const allRollouts = createRoute({
  method: 'get',
  path: '/api/rollouts',
  ...access('viewer'),
  summary: 'Rollouts of all apps, newest first',
  request: { query: z.strictObject({ limit }) },
  responses: { 200: json('Rollouts', RolloutList), ...looking },
});

export const rolloutById = createRoute({
  method: 'get',
  path: '/api/rollouts/{id}',
  ...access('viewer'),
  summary: 'One rollout',
  request: { params: rollout },
  responses: { 200: json('The rollout', RolloutRecord), ...looking },
});

const liveEvents = {
  description:
    'Server-sent events. The id of each is its sequence in the journal, its data a LiveEntry. To go on after a ' +
    'break, send the last id as `Last-Event-ID`. Comments come as a heartbeat.',
  content: { 'text/event-stream': { schema: LiveEntry } },
};

export const rolloutEvents = createRoute({
  method: 'get',
  path: '/api/rollouts/{id}/events',
  ...access('viewer'),
  summary: 'What a rollout did, from its beginning, then live; an event named `end` closes a finished one',
  request: { params: rollout, query: z.strictObject({ after }) },
  responses: { 200: liveEvents, ...looking },
});

export const allEvents = createRoute({
  method: 'get',
  path: '/api/events',
  ...access('viewer'),
  summary: 'What happens in the whole production, from now on or after a sequence',
  request: { query: z.strictObject({ after }) },
  responses: { 200: liveEvents, ...looking },
});

export const deploy = createRoute({
  method: 'post',
  path: '/api/apps/{app}/deploy',
  ...access('deployer'),
  summary: 'Build a commit if needed and roll it out',
  request: { params: app, body: body(DeployRequest) },
  responses: { 202: json('The rollout; its events tell the rest', RolloutRecord), ...changing },
});

export const rollback = createRoute({
  method: 'post',
  path: '/api/apps/{app}/rollback',
  ...access('deployer'),
  summary: 'Go back to the previous good release, or to a named one',
  request: { params: app, body: body(RollbackRequest) },
  responses: { 202: json('The rollout', RolloutRecord), ...changing },
});

export const apply = createRoute({
  method: 'post',
  path: '/api/apply',
  ...access('deployer'),
  summary: 'Adopt the configuration file: one rollout per app that differs',
  request: { body: body(ReasonRequest) },
  responses: { 202: json('The rollouts; none when nothing differs', RolloutList), ...changing },
});

export const planApply = createRoute({
  method: 'get',
  path: '/api/plan/apply',
  ...access('viewer'),
  summary: 'What apply would do; changes nothing',
  responses: { 200: json('One preview per app that differs', PreviewList), ...looking, ...refusals(422) },
});

export const planDeploy = createRoute({
  method: 'get',
  path: '/api/plan/deploy',
  ...access('viewer'),
  summary: 'What a deploy would do; changes nothing',
  request: { query: z.strictObject({ app: name, commit: commit.optional() }) },
  responses: { 200: json('Preview', Preview), ...looking, ...refusals(409, 422) },
});

export const planRollback = createRoute({
  method: 'get',
  path: '/api/plan/rollback',
  ...access('viewer'),
  summary: 'What a rollback would do; changes nothing',
  request: { query: z.strictObject({ app: name, release: name.optional() }) },
  responses: { 200: json('Preview', Preview), ...looking, ...refusals(409, 422) },
});

export const abort = createRoute({
  method: 'post',
  path: '/api/rollouts/{id}/abort',
  ...access('deployer'),
  summary: 'End a rollout now: whatever it touched is taken back',
  request: { params: rollout, body: body(ReasonRequest) },
  responses: { 202: json('The rollout', RolloutRecord), ...changing },
});

export const pause = createRoute({
  method: 'post',
  path: '/api/rollouts/{id}/pause',
  ...access('deployer'),
  summary: 'Hold a rollout where it is',
  request: { params: rollout, body: body(ReasonRequest) },
  responses: { 202: json('The rollout', RolloutRecord), ...changing },
});

export const resume = createRoute({
  method: 'post',
  path: '/api/rollouts/{id}/resume',
  ...access('deployer'),
  summary: 'Let a paused rollout go on',
  request: { params: rollout, body: body(ReasonRequest) },
  responses: { 202: json('The rollout', RolloutRecord), ...changing },
});

export const restartBalancer = createRoute({
  method: 'post',
  path: '/api/balancer/restart',
  ...access('admin'),
  summary: 'Start the balancer again; its listening socket is handed over and no request is lost',
  request: { body: body(ReasonRequest) },
  responses: { 204: { description: 'Done' }, ...changing },
});

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

export const repository = createRoute({
  method: 'get',
  path: '/api/apps/{app}/repository',
  ...access('deployer'),
  summary: "Where the app's pushes go, on the control machine",
  request: { params: app },
  responses: { 200: json('The bare repository', Repository), ...looking, ...refusals(409, 422) },
});

export const checkPush = createRoute({
  method: 'post',
  path: '/api/apps/{app}/check-push',
  ...access('deployer'),
  summary: 'Whether a ref of a push may be accepted; asked by the hook before anything changes',
  request: { params: app, body: body(CheckPushRequest) },
  responses: { 200: json('It may.', CheckPushAnswer), ...changing },
});

export const audit = createRoute({
  method: 'get',
  path: '/api/audit',
  ...access('viewer'),
  summary: 'Who did what, and why, newest first',
  request: {
    query: z.strictObject({
      limit: wholeNumber(1, 1000).default(100),
      before: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
    }),
  },
  responses: { 200: json('Entries', AuditPage), ...looking },
});

export const tokens = createRoute({
  method: 'get',
  path: '/api/tokens',
  ...access('admin'),
  summary: 'Tokens, without their secrets',
  responses: { 200: json('Tokens', TokenList), ...looking },
});

export const createToken = createRoute({
  method: 'post',
  path: '/api/tokens',
  ...access('admin'),
  summary: 'Make a token; its secret is in this answer and nowhere else',
  request: { body: body(CreateTokenRequest) },
  responses: { 201: json('The token and its secret', CreatedToken), ...changing },
});

export const removeToken = createRoute({
  method: 'delete',
  path: '/api/tokens/{id}',
  ...access('admin'),
  summary: 'Take a token back',
  request: { params: z.object({ id: name }) },
  responses: { 204: { description: 'Gone' }, ...looking, ...refusals(409) },
});
