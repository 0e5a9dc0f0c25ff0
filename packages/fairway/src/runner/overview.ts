import type { Registry } from '../balancer/balancer.ts';
import type { App } from '../config/production.ts';
import type { SlotProcess } from '../hosts/hosts.ts';
import type { Store } from '../store/store.ts';
import type { AppOverview } from './controller.ts';

/** One app as it is now; `registry` and `processes` as far as they could be had. */
export function overviewOf(
  store: Store,
  app: string,
  config: App | undefined,
  registry: Registry | undefined,
  processes: readonly SlotProcess[],
): AppOverview {
  const open = [...store.rollouts({ app, unfinished: true })].reverse();
  const rollout = open.find((record) => record.status !== 'queued');
  const [last] = store.rollouts({ app, limit: 1 });
  const pool = registry?.pools[app];
  const standing = standingOf(store, app);
  return {
    app,
    ...(config && { config }),
    ...(standing && { standing }),
    ...(pool && { pool }),
    processes,
    ...(rollout && { rollout }),
    queued: open.filter((record) => record.status === 'queued'),
    ...(last && { lastRollout: last }),
  };
}

function standingOf(store: Store, app: string): AppOverview['standing'] {
  const [standing] = store.standings(app);
  if (!standing) return undefined;
  const release = store.release(app, standing.release);
  const { subject = '', author = '', commit = '' } = release ?? {};
  return { ...standing, subject, author, commit };
}
