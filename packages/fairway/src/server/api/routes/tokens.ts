import { createRoute, z } from '@hono/zod-openapi';
import { name } from '../fields.ts';
import { CreatedToken, CreateTokenRequest, TokenList } from '../people.ts';
import { access, body, changing, json, looking, refusals } from './parts.ts';

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
