import { routes } from '../api.ts';
import type { ServerParts } from '../context.ts';
import { type Api, guarded } from '../register.ts';
import { FAIRWAY_VERSION } from '../version.ts';

/** Routes about the server itself: whether it lives, what it can do, its figures. */
export function registerItself(api: Api, parts: ServerParts): void {
  api.openapi(guarded(routes.health, parts), (context) =>
    context.json({ status: 'ok' as const, version: FAIRWAY_VERSION }, 200),
  );

  api.openapi(guarded(routes.metrics, parts), async (context) =>
    context.text(await parts.metrics(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );

  api.openapi(guarded(routes.openapi, parts), (context) => context.json(document(api), 200));
}

function document(api: Api) {
  return api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Fairway',
      version: FAIRWAY_VERSION,
      description: 'The control server of a production: what runs, what moves, and how to change it.',
    },
  });
}
