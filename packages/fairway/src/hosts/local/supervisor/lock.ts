import Database from 'libsql';

/**
 * Held by the one supervisor of a state directory. It is SQLite's own file lock, which the operating system lifts when
 * the process ends, however it ends: unlike a file with a pid in it, it is never stale and two starters cannot both
 * take it over. Undefined when another process holds it.
 */
export function takeLock(file: string): { release(): void } | undefined {
  const database = new Database(file, { timeout: 0 });
  try {
    // Nothing is ever written, so a full disk is no obstacle: else the supervisor that is to stop things could not start.
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
    return {
      release: () => {
        // A closed connection keeps its lock until it is collected.
        database.exec('ROLLBACK');
        database.close();
      },
    };
  } catch (error) {
    database.close();
    if ((error as { code?: string }).code === 'SQLITE_BUSY') return undefined;
    throw error;
  }
}
