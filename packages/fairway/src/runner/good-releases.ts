import type { Standing } from '../store/store.ts';

/**
 * The good releases, the present one first, then those that a rollback goes to by itself: each as it stood last.
 * `standings`: newest first. Going back to a release leaves all that came after it: a rollback by itself goes to none of
 * them again, so that two rollbacks go two releases back, and not forth to what was left as bad.
 */
export function goodReleases(standings: readonly Standing[]): readonly Standing[] {
  const good: Standing[] = [];
  for (const standing of [...standings].reverse()) {
    const known = good.findIndex(({ release }) => release === standing.release);
    if (known >= 0) good.length = known;
    good.push(standing);
  }
  return good.reverse();
}

/** What to keep to go back to: so many good releases, and where there are fewer, what was left most recently. */
export function releasesToKeep(standings: readonly Standing[], count: number): readonly string[] {
  const releases = [...goodReleases(standings), ...standings].map(({ release }) => release);
  return [...new Set(releases)].slice(0, count);
}

/** How a release stands: `left` has served well, and was rolled away from. */
export type ReleaseStanding = 'current' | 'good' | 'left' | 'untried';

export function standingOfRelease(release: string, standings: readonly Standing[]): ReleaseStanding {
  const place = goodReleases(standings).findIndex((standing) => standing.release === release);
  if (place >= 0) return place === 0 ? 'current' : 'good';
  return standings.some((standing) => standing.release === release) ? 'left' : 'untried';
}
