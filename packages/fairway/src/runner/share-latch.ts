import { setTimeout as delay } from 'node:timers/promises';
import type { Balancer } from '../balancer/balancer.ts';
import { UnknownPool } from '../balancer/balancer.ts';
import type { Action } from '../rollout/actions.ts';
import { reasonOf } from './reasons.ts';

const LATE_MS = 100;

/**
 * The one writer of an app's share. Once it is closed nothing gives the canary of this rollout users again, whatever was
 * decided before.
 */
export class ShareLatch {
  #isClosed = false;
  #closing = 0;
  readonly #raising = new Set<Promise<unknown>>();

  /** Whether the word that has closed it is still on its way to the journal: until then nothing is to be decided. */
  get isSettling(): boolean {
    return this.#closing > 0;
  }

  /** Carries out what gives the canary more users; refused once the latch is closed. */
  async raise(act: () => Promise<void>): Promise<void> {
    if (this.#isClosed) throw new Error('the canary has been taken back meanwhile');
    const acting = act();
    this.#raising.add(acting);
    await acting.finally(() => this.#raising.delete(acting));
  }

  close(): void {
    this.#isClosed = true;
    this.#closing += 1;
  }

  /** The word is in the journal, or could not be written. */
  settle(): void {
    this.#closing -= 1;
  }

  /** The end of what had been asked for when it was closed, and may reach the balancer after the share was taken to 0. */
  late(): Promise<unknown> | undefined {
    return this.#raising.size === 0 ? undefined : Promise.allSettled(this.#raising);
  }
}

/** Whether the action gives the canary more users, or makes what they have for good. */
export function raisesShare(action: Action): boolean {
  return action.kind === 'promote' || (action.kind === 'set-share' && action.basisPoints > 0);
}

/**
 * Takes an app's users from its canary, before anything is recorded or looked at. Answers which balancers could not be
 * told; those are bound by their dead man's switch.
 */
export async function takeUsersBack(
  balancer: Balancer,
  app: string,
  offset: number,
  fence: number,
  latch: ShareLatch | undefined,
): Promise<readonly string[]> {
  const zero = () => balancer.setShare(app, { basisPoints: 0, offset }, fence);
  try {
    const unreached = await zero();
    const late = latch?.late();
    if (!late) return named(unreached);
    const again = late.then(zero);
    // A balancer that is busy keeps their order by itself; who raises an alert does not wait for it.
    again.catch(() => {});
    return named(await Promise.race([again, delay(LATE_MS, unreached)]));
  } catch (error) {
    // Nobody is split where nothing is declared.
    return error instanceof UnknownPool ? [] : [reasonOf(error)];
  }
}

function named(unreached: readonly { readonly name: string; readonly reason: string }[]): readonly string[] {
  return unreached.map(({ name, reason }) => `${name} (${reason})`);
}
