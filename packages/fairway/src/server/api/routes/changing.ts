import { createRoute } from '@hono/zod-openapi';
import {
  CheckPushAnswer,
  CheckPushRequest,
  DeployRequest,
  PromoteRequest,
  ReasonRequest,
  RollbackRequest,
  RolloutList,
  RolloutRecord,
} from '../rollouts.ts';
import { Repository } from '../streams.ts';
import { access, app, body, changing, json, looking, refusals, rollout } from './parts.ts';

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

export const promote = createRoute({
  method: 'post',
  path: '/api/rollouts/{id}/promote',
  ...access('deployer'),
  summary: "End a canary's present step, or all of them",
  request: { params: rollout, body: body(PromoteRequest) },
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
