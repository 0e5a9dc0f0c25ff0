import { z } from '@hono/zod-openapi';
import { name, reason, text } from './fields.ts';

const labels = z
  .record(z.string(), z.string({ error: 'text' }).max(2_000, 'text of at most 2000 characters'))
  .default({});

/** One alert of Alertmanager's webhook; see "Webhook" in Prometheus's documentation of Alertmanager. */
const FiringAlert = z
  .looseObject({
    status: z.enum(['firing', 'resolved'], { error: '"firing" or "resolved"' }),
    labels,
    annotations: labels,
  })
  .openapi({ description: 'The label `fairway_app`, or else `app`, names the app.' });
export type FiringAlert = z.infer<typeof FiringAlert>;

/** An alert in plain JSON, or what Alertmanager sends. Whatever else is in it is passed over. */
export const AlertRequest = z
  .looseObject({
    app: name.optional(),
    reason: reason.optional(),
    source: text(100).optional().openapi({ description: 'What raised it, for journal and audit.' }),
    alerts: z
      .array(FiringAlert, { error: 'a list of alerts' })
      .max(100, 'at most 100 alerts')
      .optional()
      .openapi({ description: "As in Alertmanager's webhook; instead of `app` and `reason`." }),
  })
  .check((context) => {
    const { app, reason: why, alerts } = context.value;
    if (alerts !== undefined || (app !== undefined && why !== undefined)) return;
    const message = '"app" and "reason", or "alerts" as Alertmanager sends them';
    context.issues.push({ code: 'custom', message, input: context.value, path: [] });
  })
  .openapi('AlertRequest');
export type AlertRequest = z.input<typeof AlertRequest>;

export const AlertAnswer = z
  .object({
    taken: z
      .array(
        z.object({
          app: z.string(),
          rollouts: z.array(z.string()).readonly().openapi({ description: 'Those that are taken back.' }),
          unreached: z
            .array(z.string())
            .readonly()
            .openapi({ description: 'Balancers that could not be told to take the share to 0.' }),
        }),
      )
      .readonly(),
    unknown: z.array(z.string()).readonly().openapi({ description: 'Names in the alerts that no app has.' }),
  })
  .openapi('AlertAnswer');
export type AlertAnswer = z.infer<typeof AlertAnswer>;
