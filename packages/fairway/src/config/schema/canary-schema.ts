import { z } from 'zod';
import { wholeNumber } from './leaf.ts';
import { canaryInstances, duration, hold, margin, share } from './values.ts';

const step = z.strictObject({
  share: share().describe("The canary's part of the app's users: `5%`."),
  hold: hold().describe(
    'How long the share stays and the canary is judged; `manual`: until `fairway promote`.',
  ),
});

/** The keys of `deploy` that belong to strategy canary. */
export const canaryKeys = {
  canary: z
    .strictObject({
      instances: canaryInstances()
        .prefault('auto')
        .describe(
          'How many instances of the next release run beside the stable ones while it is tried. `auto`: as many as the ' +
            "step's share needs.",
        ),
    })
    .optional()
    .describe('The canary itself. Only with strategy canary.'),
  steps: z
    .array(step, { error: 'a list of steps, each with share and hold' })
    .min(1, { error: 'at least one step' })
    .optional()
    .describe(
      "How the canary's share grows; after the last step it is everything. Left out: 5% for 2m, 25% for 5m, 50% for 5m. " +
        'Only with strategy canary.',
    ),
  bake: duration('0s')
    .optional()
    .describe(
      'How long the old instances stay warm beside the new ones that have all the traffic. Left out: 2m. Only with ' +
        'strategy canary.',
    ),
  judge: z
    .strictObject({
      errors: z
        .strictObject({
          worse_by: margin()
            .prefault('1%')
            .describe('Of all requests, so many more may fail than with the stable release.'),
        })
        .prefault({})
        .describe('Failed requests: answers 5xx, and requests without an answer.'),
      latency: z
        .strictObject({
          p95_worse_by: margin()
            .prefault('50%')
            .describe('So much longer the slowest 5 % of requests may take; 50% is half as long again.'),
        })
        .optional()
        .describe('Request times. Left out: they are not judged.'),
      min_requests: wholeNumber(1, 1_000_000)
        .prefault(200)
        .describe('Fewer requests to the canary in a step prove nothing, and the step goes on.'),
    })
    .optional()
    .describe('What the canary is held to, beside the stable instances. Only with strategy canary.'),
} as const;
