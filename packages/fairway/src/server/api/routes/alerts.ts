import { createRoute } from '@hono/zod-openapi';
import { AlertAnswer, AlertRequest } from '../alerts.ts';
import { access, body, changing, json } from './parts.ts';

export const alerts = createRoute({
  method: 'post',
  path: '/alerts',
  ...access('deployer'),
  summary:
    'Say that something is wrong: no more of the app’s traffic goes to its canary once this is answered',
  description:
    'With a token, or signed: `X-Fairway-Signature: t=SECONDS,v1=HEX`, HEX being HMAC-SHA256 of `SECONDS.BODY` with the key ' +
    'in `alerts.key` of the state directory. A signature is good for five minutes, and once.',
  request: { body: body(AlertRequest) },
  responses: { 202: json('What is taken back; nothing when nothing was tried', AlertAnswer), ...changing },
});
