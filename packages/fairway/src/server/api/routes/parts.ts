import { z } from '@hono/zod-openapi';
import { name, wholeNumber } from '../fields.ts';
import { Problem } from '../problem.ts';

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

/** Answers that say why not. */
export function refusals<const Status extends ProblemStatus>(...statuses: readonly Status[]) {
  const described = statuses.map((status) => [
    status,
    { description: problems[status], content: { 'application/json': { schema: Problem } } },
  ]);
  return Object.fromEntries(described) as Record<
    Status,
    { description: string; content: { 'application/json': { schema: typeof Problem } } }
  >;
}

export function json<Schema extends z.ZodType>(description: string, schema: Schema) {
  return { description, content: { 'application/json': { schema } } };
}

export function body<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { 'application/json': { schema } } };
}

/** The key is widened on purpose: hono takes the type for JSON otherwise, and wants one value instead of a stream. */
export function ndjson<Schema extends z.ZodType>(schema: Schema) {
  return { ['application/x-ndjson' as string]: { schema } };
}

/** `x-role` is both the documentation and what the server enforces. */
export function access<const A extends Access>(role: A) {
  return { 'x-role': role, security: role === 'anyone' ? [] : [{ token: [] }] };
}

export const looking = refusals(400, 401, 403, 404, 500, 503);
export const changing = refusals(400, 401, 403, 404, 409, 413, 415, 422, 500, 503);
export const app = z.object({ app: name });
export const rollout = z.object({ id: name });
export const limit = wholeNumber(1, 1000).default(20);
export const after = wholeNumber(0, Number.MAX_SAFE_INTEGER)
  .optional()
  .openapi({ description: 'The sequence after which to begin; `Last-Event-ID` wins over it.' });
