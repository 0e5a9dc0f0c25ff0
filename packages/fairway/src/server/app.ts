import type { ServerParts } from './context.ts';
import { closedToBrowsers, logged, onlyHosts } from './guards.ts';
import { registerAlerts } from './handlers/alerts.ts';
import { registerChanging } from './handlers/changing.ts';
import { registerItself } from './handlers/itself.ts';
import { registerLooking } from './handlers/looking.ts';
import { registerOutput } from './handlers/output.ts';
import { registerTokens } from './handlers/tokens.ts';
import { problemBody, problemOf } from './problems.ts';
import { type Api, emptyApi } from './register.ts';
import { refuseUnknown } from './unknown.ts';

/** Every route behind every guard. `hosts`: the names that a request may be for; undefined: any. */
export function buildApp(parts: ServerParts, hosts: ReadonlySet<string> | undefined): Api {
  const api = emptyApi();
  api.use(logged(parts.log), ...closedToBrowsers);
  if (hosts) api.use(onlyHosts(hosts));

  api.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'A secret beginning with fwy_',
  });
  registerItself(api, parts);
  registerLooking(api, parts);
  registerChanging(api, parts);
  registerAlerts(api, parts);
  registerOutput(api, parts);
  registerTokens(api, parts);

  api.notFound(refuseUnknown);
  api.onError((error, context) => {
    const { status, expected, details } = problemOf(error);
    const requestId = context.get('requestId');
    if (!expected) parts.log.error({ err: error, requestId }, 'a request met a bug');
    return context.json(problemBody(details, requestId), status);
  });
  return api;
}
