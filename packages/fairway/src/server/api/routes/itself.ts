import { createRoute, z } from '@hono/zod-openapi';
import { Health } from '../streams.ts';
import { access, json, refusals } from './parts.ts';

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
