import { shareOf, splitOf } from './render-maps.ts';
import type { HaproxyState } from './state.ts';

/** The share that HAProxy really gives each app's canary. */
export type Shares = ReadonlyMap<string, { readonly basisPoints: number; readonly offset: number }>;

export const SHOW_SPLITS = 'show map splits.map';

/** Reads what {@link SHOW_SPLITS} answers. */
export function parseSplits(shown: string): Shares {
  return new Map(
    shown.split('\n').flatMap((line) => {
      const [, app, split] = line.split(' ');
      return app === undefined ? [] : [[app, shareOf(Number(split))] as const];
    }),
  );
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
