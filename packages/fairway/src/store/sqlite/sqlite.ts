import { dirname, resolve } from 'node:path';
import type { Store } from '../store.ts';
import { Database } from './database.ts';
import { leaseTable } from './leases.ts';
import { peopleTables } from './people.ts';
import { portTable } from './ports.ts';
import { releaseTables } from './releases.ts';
import { rolloutTables } from './rollouts.ts';

/**
 * The store in one SQLite file, created if it is not there. Every change is on the disk when its call returns. Throws
 * StoreUnusable (`unusable.ts`) for a file that is damaged, of a newer version or not ours. `now`: Unix time in ms.
 */
export function openSqliteStore(file: string, now: () => number = Date.now): Store {
  const database = new Database(file);
  const leases = leaseTable(database, now);
  return {
    ...rolloutTables(database, now, leases.checkFence),
    ...leases,
    ...releaseTables(database, dirname(resolve(file))),
    ...portTable(database),
    ...peopleTables(database, now),
    transaction: (work) => database.transaction(work),
    close: () => database.close(),
  };
}
