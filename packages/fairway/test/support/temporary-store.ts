import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/store/sqlite/sqlite.ts';
import type { Store } from '../../src/store/store.ts';

/** A store in a temporary folder that goes when the store is closed. `now`: Unix time in ms. */
export function temporaryStore(now: () => number = Date.now): Store {
  const folder = mkdtempSync(join(tmpdir(), 'fairway-store-'));
  const store = openSqliteStore(join(folder, 'fairway.db'), now);
  return {
    ...store,
    close: () => {
      store.close();
      rmSync(folder, { recursive: true });
    },
  };
}
