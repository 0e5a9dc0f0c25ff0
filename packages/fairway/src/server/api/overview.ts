import { z } from '@hono/zod-openapi';
import type { GenerationId, SlotId } from '../../rollout/slot.ts';
import { time } from './fields.ts';
import { RolloutRecord } from './rollouts.ts';

export const SlotAddress = z
  .object({ app: z.string(), instance: z.string(), slot: z.enum(['a', 'b']) })
  .openapi('SlotAddress');

const Generation = z.custom<GenerationId>((value) => typeof value === 'string').openapi({ type: 'string' });
const Slot = z.custom<SlotId>((value) => typeof value === 'string').openapi({ type: 'string' });

export const SlotProcess = z
  .object({
    slot: SlotAddress,
    host: z.string(),
    state: z.enum(['running', 'backoff', 'stopping', 'stopped', 'unknown']),
    generation: Generation,
    port: z.number().int(),
    pid: z.number().int().optional(),
    startedAt: time.optional(),
    restarts: z.number().int(),
    nextStartAt: time.optional(),
    lastExit: z.object({ at: time, reason: z.string() }).optional(),
  })
  .openapi('SlotProcess');
export type SlotProcess = z.infer<typeof SlotProcess>;

export const PoolServer = z
  .object({
    slot: SlotAddress,
    id: Slot,
    host: z.string(),
    port: z.number().int(),
    side: z.enum(['baseline', 'canary']),
    generation: Generation,
    state: z.enum(['out', 'serving', 'draining']),
    healthy: z.boolean(),
    lastFailure: z.string().optional(),
    inFlight: z.number().int(),
    drainDeadline: time.optional(),
  })
  .openapi('PoolServer');
export type PoolServer = z.infer<typeof PoolServer>;

export const Pool = z
  .object({
    servers: z.array(PoolServer).readonly(),
    share: z.object({ basisPoints: z.number().int(), offset: z.number().int() }),
  })
  .openapi('Pool');
export type Pool = z.infer<typeof Pool>;

export const Standing = z
  .object({
    release: z.string(),
    config: z.string(),
    rollout: z.string(),
    since: time,
    subject: z.string(),
    author: z.string(),
    commit: z.string(),
  })
  .openapi('Standing');
export type Standing = z.infer<typeof Standing>;

/** Of the configuration only what helps to read the rest: its environment may hold what not every viewer should see. */
export const AppConfig = z
  .object({
    instances: z.array(z.object({ name: z.string(), host: z.string() })).readonly(),
    route: z.object({ hosts: z.array(z.string()).readonly(), paths: z.array(z.string()).readonly() }),
    deploy: z.object({
      branch: z.string(),
      strategy: z.string(),
      maxUnavailable: z.number().int(),
      surge: z.number().int(),
    }),
  })
  .openapi('AppConfig');
export type AppConfig = z.infer<typeof AppConfig>;

/** How far a release is that is tried on a part of the users. */
export const CanaryProgress = z
  .object({
    step: z.number().int().openapi({ description: 'Index into `steps`; -1 before the first has its share.' }),
    since: time,
    steps: z
      .array(
        z.object({
          shareBasisPoints: z.number().int(),
          instances: z.number().int(),
          holdMs: z.union([z.number(), z.literal('manual')]),
        }),
      )
      .readonly(),
    verdict: z.object({ outcome: z.enum(['pass', 'fail', 'inconclusive']), sentence: z.string() }).optional(),
  })
  .openapi('CanaryProgress');
export type CanaryProgress = z.infer<typeof CanaryProgress>;

export const AppOverview = z
  .object({
    app: z.string(),
    config: AppConfig.optional(),
    standing: Standing.optional(),
    pool: Pool.optional(),
    processes: z.array(SlotProcess).readonly(),
    canary: CanaryProgress.optional(),
    rollout: RolloutRecord.optional(),
    queued: z.array(RolloutRecord).readonly(),
    lastRollout: RolloutRecord.optional(),
  })
  .openapi('AppOverview');
export type AppOverview = z.infer<typeof AppOverview>;

export const Overview = z
  .object({
    production: z.string(),
    at: time,
    apps: z.array(AppOverview).readonly(),
    configProblems: z.array(z.string()).readonly(),
    balancerUrl: z.string(),
    unreachable: z.array(z.string()).readonly(),
  })
  .openapi('Overview');
export type Overview = z.infer<typeof Overview>;

export const Release = z
  .object({
    app: z.string(),
    id: z.string(),
    commit: z.string(),
    subject: z.string(),
    author: z.string(),
    sha256: z.string(),
    sizeBytes: z.number().int(),
    builtAt: time,
    standing: z.enum(['current', 'good', 'left', 'untried']),
  })
  .openapi('Release');
export type Release = z.infer<typeof Release>;

export const ReleaseList = z.object({ releases: z.array(Release).readonly() }).openapi('ReleaseList');
export type ReleaseList = z.infer<typeof ReleaseList>;
