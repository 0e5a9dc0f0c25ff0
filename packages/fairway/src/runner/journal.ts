import { EventEmitter, on } from 'node:events';
import type { RolloutEvent } from '../rollout/events.ts';
import type { JournalEntry, Store } from '../store/store.ts';

const PAGE = 500;

/** The journal, with those who follow it live. */
export class Journal {
  readonly #store: Store;
  readonly #appended = new EventEmitter().setMaxListeners(0);

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Records events and what follows from them (`conclude`) in one transaction, then lets followers see them. `fence` as in
   * `store/store.ts`.
   */
  append(
    app: string,
    rollout: string,
    events: readonly RolloutEvent[],
    fence: number | undefined,
    conclude?: () => void,
  ): readonly JournalEntry[] {
    if (events.length === 0) return [];
    const entries = this.#store.transaction(() => {
      const appended = this.#store.append(app, rollout, events, fence);
      conclude?.();
      return appended;
    });
    this.#appended.emit('entries');
    return entries;
  }

  of(rollout: string): readonly JournalEntry[] {
    return this.#store.journal(rollout);
  }

  /** Entries after `sequence`, then those to come, until the signal aborts or, for one rollout, until it has finished. */
  async *follow(
    sequence: number,
    rollout: string | undefined,
    signal: AbortSignal,
  ): AsyncIterable<JournalEntry> {
    const known = rollout === undefined ? [] : this.#store.journal(rollout);
    const end = known.at(-1);
    if (end?.event.type === 'finished' && end.sequence <= sequence) return;
    let last = Math.max(sequence, (known[0]?.sequence ?? 1) - 1);
    // Listening begins before reading, so that nothing falls between the two.
    const bell = on(this.#appended, 'entries', { signal });
    try {
      while (!signal.aborted) {
        const page = this.#store.journalSince(last, PAGE);
        for (const entry of page) {
          last = entry.sequence;
          if (rollout !== undefined && entry.rollout !== rollout) continue;
          yield entry;
          if (rollout !== undefined && entry.event.type === 'finished') return;
        }
        if (page.length === 0) await bell.next();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await bell.return?.();
    }
  }
}
