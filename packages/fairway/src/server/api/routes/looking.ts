import { createRoute, z } from '@hono/zod-openapi';
import { commit, name, wholeNumber } from '../fields.ts';
import { Overview, ReleaseList } from '../overview.ts';
import { AuditPage } from '../people.ts';
import { LiveEntry, Preview, PreviewList, RolloutList, RolloutRecord } from '../rollouts.ts';
import { access, after, app, json, limit, looking, refusals, rollout } from './parts.ts';

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
