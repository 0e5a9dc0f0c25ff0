import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/store/sqlite/sqlite.ts';
import { storeContract } from './store.ts';

storeContract('sqlite', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fairway-store-'));
  return {
    open: (now) => openSqliteStore(join(directory, 'fairway.db'), now),
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  };
});
