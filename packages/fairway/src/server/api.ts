/**
 * The HTTP API as types: what the server promises, and what the CLI and the page read. Each name is both a zod schema
 * and the type that it checks. Bodies of requests are the `input` side: what a client may write.
 */
export * from './api/alerts.ts';
export * from './api/overview.ts';
export * from './api/people.ts';
export * from './api/problem.ts';
export * from './api/rollouts.ts';
export * as routes from './api/routes.ts';
export * from './api/server-file.ts';
export * from './api/streams.ts';
