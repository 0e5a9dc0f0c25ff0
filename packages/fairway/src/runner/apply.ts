import { pinApp } from '../config/pin.ts';
import type { App } from '../config/production.ts';
import type { RolloutRecord, Store } from '../store/store.ts';
import { differs, standingRelease } from './plan-rollout.ts';

/** A rollout that adopting the file needs. `commit`: of the release that stands when it is asked for. */
export interface Adoption {
  readonly app: string;
  readonly kind: 'apply' | 'remove';
  readonly commit?: string;
}

/**
 * What adopting the file as it is now needs: for each app whose configuration will be another once all is over that is
 * under way or waits, not only for those where what stands is another.
 */
export function adoptions(store: Store, apps: readonly App[]): readonly Adoption[] {
  const open = store.rollouts({ unfinished: true });
  const openOf = (name: string) => open.filter(({ app }) => app === name);
  const changed = apps.filter(
    (app) => differs(store, app) || openOf(app.name).some((record) => leadsElsewhere(store, record, app)),
  );
  const known = new Set([
    ...store.apps(),
    ...open.filter(({ status }) => status !== 'queued').map(({ app }) => app),
  ]);
  const gone = [...known].filter(
    (name) => !apps.some((app) => app.name === name) && openOf(name)[0]?.kind !== 'remove',
  );
  return [
    ...changed.map(({ name }): Adoption => {
      const release = standingRelease(store, name);
      return { app: name, kind: 'apply', ...(release && { commit: release.commit }) };
    }),
    ...gone.map((app): Adoption => ({ app, kind: 'remove' })),
  ];
}

/** Whether an unfinished rollout ends, or may end, with another configuration than the file has now. */
function leadsElsewhere(store: Store, { id, kind, status }: RolloutRecord, app: App): boolean {
  if (kind === 'remove') return true;
  // What waits reads the file when its turn comes; a rollback brings the configuration of then.
  if (status === 'queued') return kind === 'rollback';
  const started = store.journal(id).find(({ event }) => event.type === 'started')?.event;
  return started?.type !== 'started' || started.plan.target.pin !== pinApp(app).digest;
}
