import type { Pool, TrippedShare } from '../balancer.ts';
import type { RegistryState } from '../embedded/registry-state.ts';
import { shareOf, splitOf } from './render-maps.ts';
import type { HaproxyState } from './state.ts';
import type { SwitchState } from './switch-line.ts';

/** A share of each app's canary. */
export type Shares = ReadonlyMap<string, Pool['share']>;

export const SHOW_SPLITS = 'show map splits.map';
export const SHOW_TRIPPED = 'show map tripped.map';

/** Reads what {@link SHOW_SPLITS} answers: the shares that HAProxy was told to give. */
export function parseSplits(shown: string): Shares {
  return new Map(
    shown.split('\n').flatMap((line) => {
      const [, app, split] = line.split(' ');
      return app === undefined ? [] : [[app, shareOf(Number(split))] as const];
    }),
  );
}

/** The shares that HAProxy really gives: less what its dead man's switch took back. */
export function givenShares(told: Shares, shownTripped: string, guard: SwitchState | undefined): Shares {
  const masked = new Set(shownTripped.split('\n').map((line) => line.split(' ')[1]));
  return new Map(
    [...told].map(([app, { basisPoints, offset }]) => {
      const tripped = guard?.tripped[app];
      const given = masked.has(app) || (tripped && guard.leases[app] === undefined) ? 0 : basisPoints;
      return [app, { basisPoints: given, offset, ...(tripped && { tripped }) }];
    }),
  );
}

/** The state without any share that is higher than what is given; itself when there is none. */
export function lowered(state: HaproxyState, given: Shares): HaproxyState {
  const { registry } = state;
  const pools = Object.entries(registry.pools).flatMap(([app, pool]) => {
    const share = given.get(app);
    const next = share && loweredShare(pool.share, share);
    return next && next !== pool.share ? [[app, { ...pool, share: next }] as const] : [];
  });
  if (pools.length === 0) return state;
  return {
    ...state,
    registry: {
      ...registry,
      revision: registry.revision + 1,
      pools: { ...registry.pools, ...Object.fromEntries(pools) },
    },
  };
}

function loweredShare(share: Pool['share'], given: Pool['share']): Pool['share'] {
  const { basisPoints, offset } = given;
  const tripped = newTrip(share, given.tripped);
  if (tripped) return { basisPoints: 0, offset: share.offset, tripped };
  if (basisPoints >= share.basisPoints) return share;
  if (basisPoints > 0) return { ...share, basisPoints, offset };
  return { basisPoints, offset, ...(share.tripped && { tripped: share.tripped }) };
}

/** One that concerns the canary which has the share, or had it last. */
function newTrip(share: Pool['share'], tripped: TrippedShare | undefined): TrippedShare | undefined {
  if (!tripped || tripped.canary === share.tripped?.canary) return undefined;
  if (share.lease && share.lease.canary !== tripped.canary) return undefined;
  return tripped.at > (share.tripped?.at ?? 0) ? tripped : undefined;
}

/** Whether some canary gets more than it had: only then somebody has to watch who did not before. */
export function raises(before: RegistryState, after: RegistryState): boolean {
  return Object.entries(after.pools).some(([app, { share }]) => {
    const known = before.pools[app]?.share;
    return (
      share.basisPoints > (known?.basisPoints ?? 0) ||
      (share.lease !== undefined && share.lease.canary !== known?.lease?.canary)
    );
  });
}

export function splitCommand(app: string, share: { basisPoints: number; offset: number }): string {
  return `set map splits.map ${app} ${splitOf(share)}`;
}

/** What to say to HAProxy where it gives another share than it is to. */
export function splitCommands({ registry }: HaproxyState, known: Shares): string[] {
  return Object.entries(registry.pools).flatMap(([app, { share }]) => {
    const now = known.get(app);
    const same = now && splitOf(now) === splitOf(share);
    return same ? [] : [splitCommand(app, share)];
  });
}
