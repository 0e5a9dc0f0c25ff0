import { z } from 'zod';
import { parseSlotId, type SlotId } from '../../rollout/slot.ts';
import type { NewServer, Pool, PoolDefinition, ServerState, Share, Side } from '../balancer.ts';
import { type Moment, momentSchema } from './moment.ts';

/** What is saved of a server: everything but the requests under way. */
export interface ServerRecord extends NewServer {
  readonly id: SlotId;
  readonly state: ServerState;
  readonly healthy: boolean;
  readonly lastFailure?: string | undefined;
  /** Unix time, ms. */
  readonly drainDeadline?: number | undefined;
}

export interface PoolRecord {
  readonly definition: PoolDefinition;
  readonly servers: Readonly<Record<string, ServerRecord>>;
  readonly share: Pool['share'];
  /** When the share's lease was last renewed, where this process is the one that ends it. */
  readonly renewed?: Moment | undefined;
}

/** The registry as a value: what is saved, handed over, and made live. Changes make a new one. */
export interface RegistryState {
  readonly revision: number;
  /** The highest fence seen for each app; kept when the app is forgotten. */
  readonly fences: Readonly<Record<string, number>>;
  readonly pools: Readonly<Record<string, PoolRecord>>;
}

export const emptyRegistry: RegistryState = { revision: 0, fences: {}, pools: {} };

const milliseconds = z.number().int().nonnegative();
const statusCode = z.number().int().min(100).max(599);
const name = z.string().regex(/^[^/\s]+$/, 'a name without slash or white space');
const headerText = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'a header value');

export const healthSchema = z.object({
  path: z.string().startsWith('/'),
  intervalMs: z.number().int().positive(),
  timeoutMs: z.number().int().positive(),
  rise: z.number().int().positive(),
  fall: z.number().int().positive(),
  status: z.object({ from: statusCode, to: statusCode }),
  headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'a header name'), headerText),
}) satisfies z.ZodType<PoolDefinition['health']>;

export const poolDefinitionSchema = z.object({
  app: name,
  route: z.object({
    hosts: z.array(z.string().min(1)),
    paths: z.array(z.string().startsWith('/')),
    maxBodyBytes: z.number().int().nonnegative(),
    maxHeaderBytes: z.number().int().positive(),
  }),
  health: healthSchema,
  algorithm: z.enum(['least-connections', 'round-robin']),
  timeouts: z.object({ connectMs: milliseconds, idleMs: milliseconds, firstByteMs: milliseconds }),
}) satisfies z.ZodType<PoolDefinition>;

export const slotAddressSchema = z.object({ app: name, instance: name, slot: z.enum(['a', 'b']) });

const side = z.enum(['baseline', 'canary']) satisfies z.ZodType<Side>;
const generation = z.templateLiteral([z.string(), '+', z.string()]);

export const newServerSchema = z.object({
  slot: slotAddressSchema,
  host: z.string().min(1),
  port: z.number().int().min(1).max(65535),
  side,
  generation,
  health: healthSchema.optional(),
}) satisfies z.ZodType<NewServer>;

const canary = z.string().min(1).max(200);

export const shareSchema = z.object({
  basisPoints: z.number().int().min(0).max(10000),
  offset: z.number().int().min(0).max(9999),
  lease: z.object({ canary, leaseMs: z.number().int().min(100).max(86_400_000) }).exactOptional(),
}) satisfies z.ZodType<Share>;

const shareRecordSchema = shareSchema.extend({
  tripped: z.object({ canary, at: z.number() }).exactOptional(),
}) satisfies z.ZodType<Pool['share']>;

const serverRecordSchema = newServerSchema.extend({
  id: z.custom<SlotId>((text) => typeof text === 'string' && parseSlotId(text) !== undefined),
  state: z.enum(['out', 'serving', 'draining']) satisfies z.ZodType<ServerState>,
  healthy: z.boolean(),
  lastFailure: z.string().optional(),
  drainDeadline: z.number().optional(),
});

export const registryStateSchema = z.object({
  revision: z.number().int().nonnegative(),
  fences: z.record(z.string(), z.number()),
  pools: z.record(
    z.string(),
    z.object({
      definition: poolDefinitionSchema,
      servers: z.record(z.string(), serverRecordSchema),
      share: shareRecordSchema,
      renewed: momentSchema.optional(),
    }),
  ),
}) satisfies z.ZodType<RegistryState>;
