import { StaleFence } from '../../hosts/hosts.ts';
import type { Store } from '../store.ts';
import { type Database, sql } from './database.ts';

/**
 * One lease per app. Its holder may renew it, also late, as long as nobody else took it: then nobody else changed
 * anything either, and the fence stays. Whoever takes it over, or takes it after it was given back, raises the fence.
 */
export function leaseTable(
  database: Database,
  now: () => number,
): Pick<Store, 'acquireLease' | 'lease' | 'releaseLease' | 'fenceOf' | 'checkFence'> {
  return {
    acquireLease: (app, holder, durationMs, lapsed) =>
      database.transaction(() => {
        const at = now();
        const row = database.first(sql.selectFrom('leases').selectAll().where('app', '=', app));
        const mine = row?.holder === holder;
        const isHeld = row && row.holder !== null && row.expires_at > at && row.expires_at !== lapsed;
        if (isHeld && !mine) return undefined;
        const fence = row && mine ? row.fence : (row?.fence ?? 0) + 1;
        const lease = { holder, fence, expires_at: at + durationMs };
        database.run(
          sql
            .insertInto('leases')
            .values({ app, ...lease })
            .onConflict((conflict) => conflict.column('app').doUpdateSet(lease)),
        );
        return { app, holder, fence, expiresAt: lease.expires_at };
      }),

    lease: (app) => {
      const row = database.first(sql.selectFrom('leases').selectAll().where('app', '=', app));
      if (!row || row.holder === null) return undefined;
      return { app, holder: row.holder, fence: row.fence, expiresAt: row.expires_at };
    },

    releaseLease: ({ app, holder, fence }) => {
      database.run(
        sql
          .updateTable('leases')
          .set({ holder: null, expires_at: 0 })
          .where('app', '=', app)
          .where('holder', '=', holder)
          .where('fence', '=', fence),
      );
    },

    fenceOf: (app) =>
      database.first(sql.selectFrom('leases').select('fence').where('app', '=', app))?.fence ?? 0,

    checkFence: (app, fence) => {
      const lease = database.first(sql.selectFrom('leases').select('fence').where('app', '=', app));
      if (lease && lease.fence > fence) throw new StaleFence(app, fence, lease.fence);
    },
  };
}
