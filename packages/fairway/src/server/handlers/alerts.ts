import { bodyLimit } from 'hono/body-limit';
import { printable } from '../../rollout/printable.ts';
import { Refusal, type Taken } from '../../runner/controller.ts';
import { AlertAnswer, type AlertRequest, type FiringAlert, routes } from '../api.ts';
import type { ServerParts } from '../context.ts';
import { RequestRefused } from '../problems.ts';
import type { Api } from '../register.ts';
import { refuseDeepNesting, signedOrWithToken } from '../signed-requests.ts';

const MAX_ALERT_BYTES = 64 * 1024;

interface Reported {
  readonly app: string;
  readonly reason: string;
}

/** The way in for whatever watches the apps. Small and flat bodies only: it is open to other systems. */
export function registerAlerts(api: Api, parts: ServerParts): void {
  const { controller, store } = parts;
  const middleware = [limitSize, signedOrWithToken('deployer', parts), refuseDeepNesting];

  api.openapi({ ...routes.alerts, middleware }, async (context) => {
    const body = context.req.valid('json');
    const by =
      body.source === undefined ? context.get('by') : `${printable(body.source)} (${context.get('by')})`;
    const reported = reportedBy(body);
    const taken: ({ app: string } & Taken)[] = [];
    const unknown: string[] = [];
    for (const { app, reason } of reported) {
      try {
        const outcome = await controller.alert(app, { by, why: reason });
        taken.push({ app, ...outcome });
        const subject = `${app}: ${outcome.rollouts.join(', ') || 'nothing was tried'}`;
        store.audit({ by, why: reason, action: 'alert', subject });
      } catch (error) {
        if (!(error instanceof Refusal) || error.code !== 'app-not-found') throw error;
        if (reported.length === 1) throw error;
        unknown.push(app);
      }
    }
    return context.json(AlertAnswer.parse({ taken, unknown }), 202);
  });
}

/** One report per app, with the reason that comes first. What is resolved reports nothing. */
function reportedBy({ app, reason, alerts }: AlertRequest): readonly Reported[] {
  if (alerts === undefined) return [{ app: app!, reason: reason! }];
  const firing = alerts.filter(({ status }) => status === 'firing') as readonly FiringAlert[];
  const apps = new Map<string, string>();
  for (const { labels, annotations } of firing) {
    const name = labels.fairway_app ?? labels.app;
    const what = [labels.alertname, annotations.summary].filter((part) => part).join(': ');
    if (name !== undefined && !apps.has(name))
      apps.set(name, what.slice(0, 500) || 'an alert without a name');
  }
  if (firing.length > 0 && apps.size === 0)
    throw new RequestRefused(422, 'No alert says which app it is about', {
      code: 'alert-without-app',
      hint: 'Give the alert the label fairway_app (or app) with the name that the app has in fairway.yml.',
    });
  return [...apps].map(([name, what]) => ({ app: name, reason: what }));
}

const limitSize = bodyLimit({
  maxSize: MAX_ALERT_BYTES,
  onError: (context) => {
    context.header('Connection', 'close');
    throw new RequestRefused(413, 'The alert is larger than 64 KB', { code: 'body-too-large' });
  },
});
