import { z } from '@hono/zod-openapi';
import type { RolloutEvent } from '../../rollout/events.ts';
import { absolutePath, commit, fullCommit, name, reason, text, time } from './fields.ts';

export const RolloutRecord = z
  .object({
    id: z.string(),
    app: z.string(),
    kind: z.enum(['deploy', 'rollback', 'apply', 'remove']),
    status: z.enum(['queued', 'building', 'moving', 'succeeded', 'taken-back', 'failed', 'superseded']),
    commit: z.string().optional(),
    release: z.string().optional(),
    by: z.string(),
    why: z.string(),
    requestedAt: time,
    finishedAt: time.optional(),
    outcome: z.string().optional(),
  })
  .openapi('Rollout');
export type RolloutRecord = z.infer<typeof RolloutRecord>;

export const RolloutList = z.object({ rollouts: z.array(RolloutRecord).readonly() }).openapi('RolloutList');
export type RolloutList = z.infer<typeof RolloutList>;

/** Open on purpose: later versions add types of events, and a client passes over those it does not know. */
const Event = z
  .looseObject({ type: z.string() })
  .openapi({ description: 'What happened. `type` says which other fields there are.' })
  .transform((event) => event as unknown as RolloutEvent);

/** The data of one live event. */
export const LiveEntry = z
  .object({
    sequence: z.number().int(),
    at: time,
    app: z.string(),
    rollout: z.string(),
    event: Event,
    text: z.array(z.string()).readonly().openapi({ description: 'The same in sentences, one line each.' }),
  })
  .openapi('LiveEntry');
export type LiveEntry = z.infer<typeof LiveEntry>;

export const Preview = z
  .object({
    app: z.string(),
    kind: RolloutRecord.shape.kind,
    summary: z.string(),
    steps: z.array(z.string()).readonly(),
  })
  .openapi('Preview');
export type Preview = z.infer<typeof Preview>;

export const PreviewList = z.object({ previews: z.array(Preview).readonly() }).openapi('PreviewList');
export type PreviewList = z.infer<typeof PreviewList>;

/** Exactly one source: a commit that was pushed, a directory of the control machine, or the app's `repository:`. */
export const DeployRequest = z
  .strictObject({
    commit: commit.optional(),
    directory: absolutePath
      .optional()
      .openapi({ description: 'On the control machine; needs an admin token.' }),
    fromRepository: z
      .boolean({ error: 'true or false' })
      .optional()
      .openapi({ description: "Fetch from the app's `repository:`, the newest commit or `commit`." }),
    reason: reason.optional(),
  })
  .check((context) => {
    const { commit, directory, fromRepository } = context.value;
    const other = commit !== undefined || fromRepository === true;
    const expected =
      directory !== undefined && other
        ? '"directory" alone, without "commit" and "fromRepository"'
        : directory === undefined && !other
          ? 'one of "commit", "directory" and "fromRepository": true'
          : undefined;
    if (expected) {
      context.issues.push({ code: 'custom', message: expected, input: context.value, path: [] });
    }
  })
  .openapi('DeployRequest');
export type DeployRequest = z.input<typeof DeployRequest>;

export const RollbackRequest = z
  .strictObject({
    release: name.optional().openapi({ description: 'Default: the previous good one.' }),
    reason: reason.optional(),
  })
  .openapi('RollbackRequest');
export type RollbackRequest = z.input<typeof RollbackRequest>;

/** Body of apply, abort, pause, resume and of the balancer's restart. */
export const ReasonRequest = z.strictObject({ reason: reason.optional() }).openapi('ReasonRequest');
export type ReasonRequest = z.input<typeof ReasonRequest>;

export const PromoteRequest = z
  .strictObject({
    all: z
      .boolean({ error: 'true or false' })
      .default(false)
      .openapi({ description: 'Not the present step alone, but all that come before everything.' }),
    reason: reason.optional(),
  })
  .openapi('PromoteRequest');
export type PromoteRequest = z.input<typeof PromoteRequest>;

/**
 * One ref of a push. Only git's three quarantine variables are let through: any other could make git run a program.
 * See "Quarantine Environment" in git-receive-pack(1).
 */
export const CheckPushRequest = z
  .strictObject({
    ref: text(1000),
    oldCommit: fullCommit,
    newCommit: fullCommit,
    environment: z
      .strictObject({
        GIT_QUARANTINE_PATH: absolutePath.optional(),
        GIT_OBJECT_DIRECTORY: absolutePath.optional(),
        GIT_ALTERNATE_OBJECT_DIRECTORIES: absolutePath.optional(),
      })
      .default({}),
  })
  .openapi('CheckPushRequest');
export type CheckPushRequest = z.input<typeof CheckPushRequest>;

export const CheckPushAnswer = z.object({ accepted: z.literal(true) }).openapi('CheckPushAnswer');
export type CheckPushAnswer = z.infer<typeof CheckPushAnswer>;
