import { setTimeout as delay } from 'node:timers/promises';

/** Asks again until the answer is there, and returns it; fails with `what` was waited for at the deadline. */
export async function waitUntil<Fact>(
  what: string,
  ask: () => Fact | undefined | false | Promise<Fact | undefined | false>,
  timeoutMs = 10_000,
): Promise<Fact> {
  for (const deadline = Date.now() + timeoutMs; ; await delay(10)) {
    const fact = await ask();
    if (fact !== undefined && fact !== false) return fact;
    if (Date.now() > deadline) throw new Error(`${timeoutMs} ms passed without: ${what}`);
  }
}
