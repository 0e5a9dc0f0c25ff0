import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { emptyRegistry, type RegistryState, registryStateSchema } from './registry-state.ts';

/**
 * Revisions of health changes are saved a moment after they were shown; this gap, taken at every load, keeps the
 * revision from ever going backwards after a crash.
 */
const REVISION_GAP = 1000;

/** Where the registry is kept: `registry.json`, and beside it the copy before the last (`registry.json.bak`). */
export class RegistryFile {
  readonly path: string;
  #latest: RegistryState | undefined;
  #writing: Promise<void> | undefined;

  constructor(stateDirectory: string) {
    this.path = join(stateDirectory, 'registry.json');
  }

  /** The saved registry; the backup when it cannot be read; an empty one when there is neither. */
  async load(log: Logger): Promise<RegistryState> {
    for (const path of [this.path, `${this.path}.bak`]) {
      try {
        const state = registryStateSchema.parse(JSON.parse(await readFile(path, 'utf8')));
        return { ...state, revision: state.revision + REVISION_GAP };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
        log.error(
          { path, reason: (error as Error).message.slice(0, 500) },
          'the saved registry cannot be read; trying the copy before it',
        );
        // Kept for people; the next save must not make it the backup.
        await rename(path, `${path}.corrupt`);
      }
    }
    return emptyRegistry;
  }

  /** Resolves when this state or a later one is on the disk. Writes are serial; states in between are skipped. */
  async save(state: RegistryState): Promise<void> {
    this.#latest = state;
    // A write under way may have begun with an older state: wait it out, then one more holds ours.
    await this.#writing?.catch(() => {});
    if (this.#latest === undefined) return this.#writing ?? Promise.resolve();
    this.#writing = this.#write(this.#latest);
    this.#latest = undefined;
    return this.#writing;
  }

  async #write(state: RegistryState): Promise<void> {
    const temporary = `${this.path}.${process.pid}.tmp`;
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(state));
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#keepBackup();
    await rename(temporary, this.path);
    const directory = await open(dirname(this.path), 'r');
    await directory.sync().finally(() => directory.close());
  }

  async #keepBackup(): Promise<void> {
    const temporary = `${this.path}.${process.pid}.bak`;
    await rm(temporary, { force: true });
    try {
      await link(this.path, temporary);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    await rename(temporary, `${this.path}.bak`);
  }
}
