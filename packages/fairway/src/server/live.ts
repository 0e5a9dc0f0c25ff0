import type { Context } from 'hono';
import { describeEvent } from '../rollout/describe.ts';
import type { JournalEntry, RolloutRecord } from '../store/store.ts';
import type { LiveEntry } from './api.ts';
import type { RequestEnv, ServerParts } from './context.ts';
import { RequestRefused } from './problems.ts';
import { streamed } from './streams.ts';

const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 1000;

/** The journal as server-sent events (WHATWG HTML, section 9.2); with a rollout named, only its own, and to its end. */
export function liveEvents(
  context: Context<RequestEnv>,
  parts: ServerParts,
  after: number,
  rollout?: RolloutRecord,
): Response {
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, parts.closing]);
  return streamed(messages(entriesFrom(parts, after, rollout, signal), signal), {
    contentType: 'text/event-stream; charset=utf-8',
    opening: `retry: ${RECONNECT_MS}\n: connected\n\n`,
    heartbeat: { text: ': still here\n\n', everyMs: HEARTBEAT_MS },
    onEnd: () => gone.abort(),
  });

  async function* messages(
    entries: AsyncIterable<JournalEntry> | Iterable<JournalEntry>,
    ended: AbortSignal,
  ) {
    try {
      for await (const entry of entries) {
        const data = { ...entry, text: describeEvent(entry.event) } satisfies LiveEntry;
        yield `id: ${entry.sequence}\ndata: ${JSON.stringify(data)}\n\n`;
      }
      // Only what is finished ends so: a client that is cut off any other way connects again.
      if (!ended.aborted) yield 'event: end\ndata: {}\n\n';
    } catch (error) {
      // The client is cut off and comes back; the reason stays here.
      const requestId = context.get('requestId');
      if (!ended.aborted) parts.log.error({ err: error, requestId }, 'live events broke off');
    }
  }
}

/** A finished rollout has nothing to wait for, also when the client saw its last event before. */
function entriesFrom(
  { controller, store }: ServerParts,
  after: number,
  rollout: RolloutRecord | undefined,
  signal: AbortSignal,
): AsyncIterable<JournalEntry> | Iterable<JournalEntry> {
  if (rollout?.finishedAt === undefined) return controller.events(after, rollout?.id, signal);
  return store.journal(rollout.id).filter((entry) => entry.sequence > after);
}

/** Where to begin: what the client saw last, what it asks for, or the default. */
export function startingPoint(
  lastEventId: string | undefined,
  after: number | undefined,
  otherwise: number,
): number {
  if (lastEventId === undefined || lastEventId === '') return after ?? otherwise;
  const sequence = /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : Number.NaN;
  if (Number.isSafeInteger(sequence)) return sequence;
  throw new RequestRefused(400, 'The request is not as expected', {
    code: 'invalid-request',
    problems: [
      `header.last-event-id: found ${JSON.stringify(lastEventId.slice(0, 60))}, expected the id of an event`,
    ],
  });
}
