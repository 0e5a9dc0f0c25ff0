import type { Context } from 'hono';
import type { Request } from '../../runner/controller.ts';
import type { DeployRequest } from '../api.ts';
import { CheckPushAnswer, Repository, RolloutList, RolloutRecord, routes } from '../api.ts';
import type { RequestEnv, ServerParts } from '../context.ts';
import { demandRole } from '../door.ts';
import { type Api, guarded } from '../register.ts';

/** Routes that change what runs. Each leaves an audit entry once it was accepted. */
export function registerChanging(api: Api, parts: ServerParts): void {
  const { controller, store } = parts;

  const audit = (request: Request, action: string, subject: string) =>
    store.audit({ by: request.by, why: request.why, action, subject });

  api.openapi(guarded(routes.deploy, parts), async (context) => {
    const { app } = context.req.valid('param');
    const source = context.req.valid('json');
    // Any directory of the machine: whoever names one reads with the server's eyes.
    if (source.directory !== undefined) demandRole(context, store, 'admin');
    const request = asked(context, source.reason);
    const rollout = await deploy(app, source, request);
    audit(request, 'deploy', `${rollout.id}: ${describeSource(source)}`);
    return context.json(RolloutRecord.parse(rollout), 202);
  });

  const deploy = (app: string, source: DeployRequest, request: Request) => {
    if (source.directory !== undefined) return controller.deployDirectory(app, source.directory, request);
    if (source.fromRepository) return controller.deployFromRepository(app, source.commit, request);
    return controller.deploy(app, source.commit!, request);
  };

  api.openapi(guarded(routes.rollback, parts), async (context) => {
    const { release, reason } = context.req.valid('json');
    const request = asked(context, reason);
    const rollout = await controller.rollback(context.req.valid('param').app, release, request);
    audit(request, 'rollback', `${rollout.id}: to ${rollout.release ?? release ?? 'the previous release'}`);
    return context.json(RolloutRecord.parse(rollout), 202);
  });

  api.openapi(guarded(routes.apply, parts), async (context) => {
    const request = asked(context, context.req.valid('json').reason);
    const rollouts = await controller.apply(request);
    audit(request, 'apply', rollouts.map((rollout) => rollout.id).join(', ') || 'nothing to change');
    return context.json(RolloutList.parse({ rollouts }), 202);
  });

  const words = { abort: routes.abort, pause: routes.pause, resume: routes.resume };
  for (const verb of ['abort', 'pause', 'resume'] as const) {
    api.openapi(guarded(words[verb], parts), async (context) => {
      const request = asked(context, context.req.valid('json').reason);
      const rollout = await controller[verb](context.req.valid('param').id, request);
      audit(request, `rollout.${verb}`, rollout.id);
      return context.json(RolloutRecord.parse(rollout), 202);
    });
  }

  api.openapi(guarded(routes.promote, parts), async (context) => {
    const { all, reason } = context.req.valid('json');
    const request = asked(context, reason);
    const rollout = await controller.promote(context.req.valid('param').id, request, all);
    audit(request, 'rollout.promote', all ? `${rollout.id}: all steps` : rollout.id);
    return context.json(RolloutRecord.parse(rollout), 202);
  });

  api.openapi(guarded(routes.restartBalancer, parts), async (context) => {
    const request = asked(context, context.req.valid('json').reason);
    await controller.restartBalancer(request);
    audit(request, 'balancer.restart', 'balancer');
    return context.body(null, 204);
  });

  api.openapi(guarded(routes.repository, parts), async (context) => {
    const path = await controller.repository(context.req.valid('param').app);
    return context.json(Repository.parse({ path }), 200);
  });

  // Asked before anything changes, so it leaves no entry: the deploy that follows does.
  api.openapi(guarded(routes.checkPush, parts), async (context) => {
    const update = context.req.valid('json');
    const environment = Object.fromEntries(
      Object.entries(update.environment).filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
    await controller.checkPush(context.req.valid('param').app, { ...update, environment });
    return context.json(CheckPushAnswer.parse({ accepted: true }), 200);
  });
}

export function asked(context: Context<RequestEnv>, reason: string | undefined): Request {
  return { by: context.get('by'), why: reason ?? '' };
}

function describeSource({ commit, directory, fromRepository }: DeployRequest): string {
  if (directory !== undefined) return `directory ${directory}`;
  const what = commit === undefined ? 'newest commit' : `commit ${commit}`;
  return fromRepository ? `${what} of its repository` : what;
}
