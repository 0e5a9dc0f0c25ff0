import { z } from 'zod';
import { StaleFence } from '../../hosts/hosts.ts';
import { CanaryTakenBack, NotHealthy, RouteTaken, ShareTripped, UnknownPool } from '../balancer.ts';

/** A change that the balancer refuses, as it goes over the control socket. */
export const refusalSchema = z.discriminatedUnion('code', [
  z.object({ code: z.literal('stale-fence'), app: z.string(), given: z.number(), known: z.number() }),
  z.object({ code: z.literal('not-healthy'), id: z.string(), lastFailure: z.string().optional() }),
  z.object({ code: z.literal('route-taken'), app: z.string(), route: z.string(), holder: z.string() }),
  z.object({ code: z.literal('unknown-pool'), app: z.string() }),
  z.object({ code: z.literal('canary-taken-back'), app: z.string() }),
  z.object({ code: z.literal('share-tripped'), app: z.string(), canary: z.string(), at: z.number() }),
]);

export type Refusal = z.infer<typeof refusalSchema>;

/** Thrown inside the balancer process; its client turns it into the port's error. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.code);
    this.refusal = refusal;
  }
}

export function portError(refusal: Refusal): Error {
  switch (refusal.code) {
    case 'stale-fence':
      return new StaleFence(refusal.app, refusal.given, refusal.known);
    case 'not-healthy':
      return new NotHealthy(refusal.id, refusal.lastFailure);
    case 'route-taken':
      return new RouteTaken(refusal.app, refusal.route, refusal.holder);
    case 'unknown-pool':
      return new UnknownPool(refusal.app);
    case 'canary-taken-back':
      return new CanaryTakenBack(refusal.app);
    case 'share-tripped':
      return new ShareTripped(refusal.app, refusal);
  }
}
