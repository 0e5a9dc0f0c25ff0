import { z } from 'zod';
import type { AppCounters, ServerCounters } from '../balancer.ts';
import {
  newServerSchema,
  poolDefinitionSchema,
  registryStateSchema,
  shareSchema,
  slotAddressSchema,
} from './registry-state.ts';

const fence = z.number().int().nonnegative();
const app = z.string().min(1);

/** `POST /change`: one call of the port that changes something. */
export const changeMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('declare'), fence, pool: poolDefinitionSchema }),
  z.object({ kind: z.literal('forget'), fence, app }),
  z.object({ kind: z.literal('register'), fence, server: newServerSchema }),
  z.object({ kind: z.literal('admit'), fence, slot: slotAddressSchema }),
  z.object({
    kind: z.literal('drain'),
    fence,
    slot: slotAddressSchema,
    timeoutMs: z.number().int().nonnegative(),
  }),
  z.object({ kind: z.literal('deregister'), fence, slot: slotAddressSchema }),
  z.object({ kind: z.literal('set-share'), fence, app, share: shareSchema }),
  z.object({
    kind: z.literal('promote'),
    fence,
    app,
    generation: z.templateLiteral([z.string(), '+', z.string()]),
    timeoutMs: z.number().int().nonnegative(),
  }),
]);

/** `POST /renewals`; the answer is {@link renewedSchema}. */
export const renewalsSchema = z.object({
  renewals: z.array(z.object({ app, canary: z.string(), fence })),
});

export type Renewals = ReadonlyDeep<z.infer<typeof renewalsSchema>>;

export const renewedSchema = z.object({ apps: z.array(z.string()) });

export type ChangeMessage = ReadonlyDeep<z.infer<typeof changeMessageSchema>>;

/** Messages are values: they carry parts of the registry, which nobody changes. */
type ReadonlyDeep<Value> = Value extends object
  ? { readonly [Key in keyof Value]: ReadonlyDeep<Value[Key]> }
  : Value;

/** `GET /ready`: which process answers, and where visitors reach it. */
export const readySchema = z.object({ pid: z.number(), address: z.string(), port: z.number() });

export type Ready = z.infer<typeof readySchema>;

const count = z.number().nonnegative();

const serverCountersSchema = z.object({
  id: z.templateLiteral([z.string(), '/', z.string(), '/', z.enum(['a', 'b'])]),
  generation: z.templateLiteral([z.string(), '+', z.string()]),
  side: z.enum(['baseline', 'canary']),
  requests: count,
  answers: z.tuple([count, count, count, count, count]),
  failures: count,
  retried: count,
  latencyBuckets: z.array(count),
  latencySumMs: count,
}) satisfies z.ZodType<ServerCounters>;

const appCountersSchema = z.object({
  app: z.string(),
  servers: z.array(serverCountersSchema),
  unserved: z.record(z.string(), count),
}) satisfies z.ZodType<AppCounters>;

const reportShape = {
  /** The last state that was applied, by the number it was sent with. */
  applied: z.number(),
  /** Requests under way per server, `id generation`. */
  inFlight: z.record(z.string(), z.number()),
  counters: z.array(appCountersSchema),
};

/** What a retiring process says, a line each; the first line is `takeover`. */
export const predecessorMessageSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('takeover'),
    state: registryStateSchema,
    newUsers: z.record(z.string(), z.number()),
    ...reportShape,
  }),
  z.object({ kind: z.literal('report'), ...reportShape }),
]);

export type PredecessorMessage = ReadonlyDeep<z.infer<typeof predecessorMessageSchema>>;

/** What its successor says: the registry, after every change of it. */
export const successorMessageSchema = z.object({ sequence: z.number(), state: registryStateSchema });

export type SuccessorMessage = ReadonlyDeep<z.infer<typeof successorMessageSchema>>;
