import { z } from 'zod';

/** Why a task failed, in the words of its module; what there is of it. */
const reason = z.looseObject({
  msg: z.unknown().optional(),
  stderr: z.unknown().optional(),
  stdout: z.unknown().optional(),
  module_stderr: z.unknown().optional(),
  module_stdout: z.unknown().optional(),
  rc: z.unknown().optional(),
});

const diff = z.looseObject({
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  before_header: z.string().optional(),
  after_header: z.string().optional(),
  prepared: z.string().optional(),
});

const place = { host: z.string(), task: z.string() };
const ended = { ...place, path: z.string(), durationMs: z.number() };

const counts = z.object({
  ok: z.number(),
  changed: z.number(),
  failures: z.number(),
  unreachable: z.number(),
  skipped: z.number(),
  rescued: z.number(),
});

/** What `ansible/callback_plugins/fairway_events.py` prints. */
const event = z.discriminatedUnion('event', [
  z.object({ event: z.literal('play'), name: z.string() }),
  z.object({ event: z.literal('task'), ...place }),
  z.object({
    event: z.literal('ok'),
    ...ended,
    changed: z.boolean(),
    diff: z.array(diff),
    message: z.string().optional(),
  }),
  z.object({ event: z.literal('failed'), ...ended, ignored: z.boolean(), reason }),
  z.object({ event: z.literal('unreachable'), ...ended, reason }),
  z.object({ event: z.literal('skipped'), ...ended }),
  z.object({ event: z.literal('item-failed'), ...place, item: z.string(), reason }),
  z.object({ event: z.literal('stats'), hosts: z.record(z.string(), counts) }),
]);

export type PlaybookEvent = z.infer<typeof event>;
export type Reason = z.infer<typeof reason>;
export type TaskDiff = z.infer<typeof diff>;

/** The event in a line of Ansible's output; undefined for whatever else it says. */
export function parseEvent(line: string): PlaybookEvent | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const parsed = event.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
