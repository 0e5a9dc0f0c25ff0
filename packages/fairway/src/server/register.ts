import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Access } from './api/routes/parts.ts';
import type { RequestEnv, ServerParts } from './context.ts';
import { requireRole } from './door.ts';
import { RequestRefused } from './problems.ts';
import { refuseInvalid } from './validation.ts';

export const MAX_BODY_BYTES = 1024 * 1024;

export type Api = OpenAPIHono<RequestEnv>;

export function emptyApi(): Api {
  return new OpenAPIHono<RequestEnv>({ defaultHook: refuseInvalid });
}

/** The route with its door in front: first who asks, then how much is sent, and only then what it says. */
export function guarded<Route extends RouteConfig & { 'x-role': Access }>(
  route: Route,
  { store }: ServerParts,
) {
  const middleware: MiddlewareHandler<RequestEnv>[] = [requireRole(route['x-role'], store)];
  if (route.request?.body) middleware.push(limitBody);
  return { ...route, middleware };
}

const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: (context) => {
    // What is left of the body is not read; the connection cannot carry another request.
    context.header('Connection', 'close');
    throw new RequestRefused(413, 'The body is larger than 1 MB', { code: 'body-too-large' });
  },
});
