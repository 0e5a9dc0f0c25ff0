import { BuildFailed } from '../build/build-failed.ts';
import type { RolloutEvent } from '../rollout/events.ts';
import { abortedBy } from '../rollout/verdict.ts';

/** What an error comes to in one line, as an outcome is. */
export function reasonOf(error: unknown): string {
  if (error instanceof BuildFailed) return `build failed: ${error.reason.replace(/\.$/, '')}`;
  return error instanceof Error ? error.message.split('\n').join('; ') : String(error);
}

/** The journal keeps the output that shows it and what to do apart from the reason, which is one sentence. */
export function failedBuild({ reason, hint, lastLines }: BuildFailed): RolloutEvent {
  return { type: 'build-failed', reason: hint ? `${reason} ${hint}` : reason, tail: lastLines };
}

export function abortedUntouched(event: Parameters<typeof abortedBy>[0]): string {
  return `${abortedBy(event)}; nothing was touched`;
}
