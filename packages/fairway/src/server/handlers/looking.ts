import type { z } from '@hono/zod-openapi';
import { Refusal } from '../../runner/controller.ts';
import {
  AuditPage,
  Overview,
  Preview,
  PreviewList,
  ReleaseList,
  RolloutList,
  RolloutRecord,
  routes,
} from '../api.ts';
import type { ServerParts } from '../context.ts';
import { liveEvents, startingPoint } from '../live.ts';
import { type Api, guarded } from '../register.ts';

/** Routes that change nothing. What they answer is put through its schema, so that nothing else gets out. */
export function registerLooking(api: Api, parts: ServerParts): void {
  const { controller, store } = parts;

  api.openapi(guarded(routes.overview, parts), async (context) => {
    const overview: z.input<typeof Overview> = await controller.overview();
    return context.json(Overview.parse(overview), 200);
  });

  api.openapi(guarded(routes.releases, parts), (context) => {
    const releases = controller.releases(context.req.valid('param').app);
    return context.json(ReleaseList.parse({ releases }), 200);
  });

  api.openapi(guarded(routes.appRollouts, parts), (context) => {
    const rollouts = controller.rollouts(context.req.valid('param').app, context.req.valid('query').limit);
    return context.json(RolloutList.parse({ rollouts }), 200);
  });

  api.openapi(guarded(routes.allRollouts, parts), (context) => {
    const rollouts = controller.rollouts(undefined, context.req.valid('query').limit);
    return context.json(RolloutList.parse({ rollouts }), 200);
  });

  api.openapi(guarded(routes.rolloutById, parts), (context) =>
    context.json(RolloutRecord.parse(known(context.req.valid('param').id)), 200),
  );

  api.openapi(guarded(routes.rolloutEvents, parts), (context) => {
    const rollout = known(context.req.valid('param').id);
    const after = startingPoint(context.req.header('last-event-id'), context.req.valid('query').after, 0);
    return liveEvents(context, parts, after, rollout);
  });

  api.openapi(guarded(routes.allEvents, parts), (context) => {
    const { after } = context.req.valid('query');
    const start = startingPoint(context.req.header('last-event-id'), after, store.lastSequence());
    return liveEvents(context, parts, start);
  });

  api.openapi(guarded(routes.planApply, parts), async (context) =>
    context.json(PreviewList.parse({ previews: await controller.previewApply() }), 200),
  );

  api.openapi(guarded(routes.planDeploy, parts), async (context) => {
    const { app, commit } = context.req.valid('query');
    return context.json(Preview.parse(await controller.previewDeploy(app, commit)), 200);
  });

  api.openapi(guarded(routes.planRollback, parts), async (context) => {
    const { app, release } = context.req.valid('query');
    return context.json(Preview.parse(await controller.previewRollback(app, release)), 200);
  });

  api.openapi(guarded(routes.audit, parts), (context) => {
    const { limit, before } = context.req.valid('query');
    const entries = store.audits({ limit, ...(before === undefined ? {} : { before }) });
    return context.json(AuditPage.parse({ entries }), 200);
  });

  function known(id: string) {
    const rollout = controller.rollout(id);
    if (rollout) return rollout;
    throw new Refusal(
      404,
      'unknown-rollout',
      `There is no rollout ${id}`,
      'List them with: fairway rollouts',
    );
  }
}
