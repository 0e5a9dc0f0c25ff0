import { setTimeout as delay } from 'node:timers/promises';
import type { Balancer, ShareRenewal } from '../balancer/balancer.ts';

/** A canary that nobody watches over loses its users after so long. */
export const SHARE_LEASE_MS = 15_000;
/** So one that is lost does no harm. */
const RENEW_EVERY_MS = SHARE_LEASE_MS / 5;

/**
 * Says that somebody watches over a canary, until the signal aborts: from one that nobody watches over the balancers
 * take the users back by themselves. A balancer that cannot be reached does so as well, and is seen to have done it.
 */
export async function keepShare(
  balancer: Balancer,
  renewal: ShareRenewal,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await balancer.renewShares([renewal]).catch(() => []);
    await delay(RENEW_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
