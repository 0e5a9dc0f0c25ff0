import type { Store } from '../store/store.ts';
import { Refusal } from './controller.ts';
import { releaseBefore } from './plan-rollout.ts';

/** The release that a rollback goes to: the previous good one, or the one that `wanted` is the beginning of. */
export function rollbackTarget(store: Store, app: string, wanted: string | undefined): string {
  if (wanted === undefined) {
    const before = releaseBefore(store, app);
    if (before && store.release(app, before.release)) return before.release;
    throw new Refusal(
      409,
      'no-earlier-release',
      `${app} has no earlier good release to go back to`,
      `See what there is: fairway releases ${app}`,
    );
  }
  const matching = store.releases(app).filter((release) => release.id.startsWith(wanted));
  const good = store.standings(app).map((standing) => standing.release);
  const [release] = matching;
  if (matching.length > 1)
    throw new Refusal(409, 'release-ambiguous', `${matching.length} releases of ${app} begin with ${wanted}`);
  if (!release || !good.includes(release.id))
    throw new Refusal(
      404,
      'release-not-found',
      `${app} has no good release ${wanted}`,
      `See what there is: fairway releases ${app}`,
    );
  return release.id;
}
