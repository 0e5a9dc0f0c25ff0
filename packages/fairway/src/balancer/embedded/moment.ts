import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A point in time that another process of this machine understands too, whatever is done to the clock meanwhile. */
export const momentSchema = z.object({
  /** Which run of the machine `uptimeMs` counts in. */
  boot: z.string(),
  uptimeMs: z.number(),
  /** Unix time in ms: all that is left after a reboot. */
  at: z.number(),
});

export type Moment = Readonly<z.infer<typeof momentSchema>>;

const BOOT = bootId();

/** The time that a machine sleeps does not count: whoever was to renew something on it slept as well. */
export function presentMoment(): Moment {
  return { boot: BOOT, uptimeMs: Number(process.hrtime.bigint()) / 1e6, at: Date.now() };
}

/** By the clock that nobody sets, where both are from the same run of the machine. Never negative. */
export function elapsedMs(since: Moment, until: Moment): number {
  const elapsed = since.boot === until.boot ? until.uptimeMs - since.uptimeMs : until.at - since.at;
  return Math.max(0, elapsed);
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
