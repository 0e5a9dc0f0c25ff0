import type { IncomingMessage } from 'node:http';
import type { LiveEntry } from '../../server/api.ts';
import { ServerUnreachable } from './location.ts';
import { serverSentEvents } from './streams.ts';

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** The sequence after which to begin; undefined: from the beginning of what is asked for. */
  readonly after?: number;
  /** The connection broke; it is tried again for `patienceMs`. */
  readonly onInterrupted?: (patienceMs: number) => void;
  readonly onResumed?: () => void;
  /** How long a server may be away before it is given up. */
  readonly patienceMs?: number;
}

/** Heartbeats come far more often than this. */
const SILENCE_MS = 60_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Live events over any number of connections: after a break it asks again from the last event that it saw, so that none
 * is missed and none comes twice. Ends at the server's `end` event, or quietly when the signal aborts. Throws
 * ServerUnreachable when the server stays away for longer than `patienceMs` after it was reached once; a refusal at once.
 */
export async function* follow(
  connect: (after: number | undefined, signal: AbortSignal) => Promise<IncomingMessage>,
  options: FollowOptions,
): AsyncGenerator<LiveEntry> {
  const { signal, patienceMs = 30_000 } = options;
  let after = options.after;
  let reached = false;
  let away: { readonly since: number; pauseMs: number } | undefined;
  while (!signal.aborted) {
    try {
      const response = await connect(after, signal);
      if (away) options.onResumed?.();
      reached = true;
      away = undefined;
      for await (const message of serverSentEvents(response, SILENCE_MS)) {
        if (message.event === 'end') return;
        const entry = JSON.parse(message.data) as LiveEntry;
        after = entry.sequence;
        yield entry;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!reached || isFinal(error)) throw error;
      if (away && performance.now() - away.since >= patienceMs) throw error;
    }
    if (signal.aborted) return;
    if (!away) {
      away = { since: performance.now(), pauseMs: FIRST_PAUSE_MS };
      options.onInterrupted?.(patienceMs);
    }
    await pause(away.pauseMs, signal);
    away.pauseMs = Math.min(away.pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

/** A server that answers with a refusal will not change its mind; one that is stopping or starting (503) may. */
function isFinal(error: unknown): boolean {
  const status = (error as { status?: number }).status;
  if (status !== undefined) return status !== 503;
  return !(error instanceof ServerUnreachable) && !isBrokenConnection(error);
}

function isBrokenConnection(error: unknown): boolean {
  const { name, code, message } = error as NodeJS.ErrnoException;
  return (
    name === 'NoAnswer' || code === 'ECONNRESET' || message === 'aborted' || /sign of life/.test(message)
  );
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
