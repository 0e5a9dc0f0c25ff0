import { rm } from 'node:fs/promises';
import type { Store } from '../store/store.ts';
import { releasesToKeep } from './good-releases.ts';
import type { World } from './perform.ts';
import { configOf } from './plan-rollout.ts';

/**
 * Removes the releases of an app that nothing refers to any more: neither one of the last `keep` good ones, nor what
 * stands, nor what an unfinished rollout is about. On this machine and on the app's hosts.
 */
export async function tidyReleases(
  { store, hosts, appHosts }: Pick<World, 'store' | 'hosts' | 'appHosts'>,
  app: string,
  fence: number,
): Promise<void> {
  const standings = store.standings(app);
  const config = standings[0] && configOf(store, standings[0]);
  const keep = keptReleases(store, app, config?.deploy.keep ?? 0);
  for (const release of store.releases(app)) {
    if (keep.has(release.id)) continue;
    await rm(release.file, { force: true });
    store.removeRelease(app, release.id);
  }
  const names = new Set(config?.instances.map((instance) => instance.host) ?? appHosts());
  await Promise.all([...names].map((host) => hosts.prune(host, app, [...keep], fence)));
}

function keptReleases(store: Store, app: string, keep: number): ReadonlySet<string> {
  const good = releasesToKeep(store.standings(app), keep);
  const wanted = store
    .rollouts({ app, unfinished: true })
    .flatMap((rollout) => [
      rollout.release,
      ...store
        .releases(app)
        .filter((release) => release.commit === rollout.commit)
        .map((release) => release.id),
    ])
    .filter((release) => release !== undefined);
  return new Set([...good, ...wanted]);
}
