import type { Logger } from 'pino';
import { type Change, fence as fenceChange } from './changes.ts';
import type { RegistryFile } from './registry-file.ts';
import type { RegistryState } from './registry-state.ts';

/** Health changes are saved together, this much later: they are found again anyway. */
const LAZY_SAVE_MS = 100;
const SAVE_AGAIN_AFTER_MS = 2000;

/** The balancer is being replaced by another process, which will take the change in a moment. */
export class HandingOver extends Error {
  override readonly name = 'HandingOver';
}

/** Holds the registry's state: changes come one after another, are on the disk first, and then take effect. */
export class Keeper {
  #state: RegistryState;
  readonly #file: RegistryFile;
  readonly #log: Logger;
  readonly #apply: (state: RegistryState) => void;
  readonly #watchers = new Set<(state: RegistryState) => void>();
  #queue: Promise<unknown> = Promise.resolve();
  #lazySave: NodeJS.Timeout | undefined;
  #frozen = false;
  /** Tells a predecessor that still answers visitors; resolves when it has applied the state, or is given up. */
  relay: (state: RegistryState) => Promise<void> = async () => {};

  constructor(state: RegistryState, file: RegistryFile, apply: (state: RegistryState) => void, log: Logger) {
    this.#state = state;
    this.#file = file;
    this.#apply = apply;
    this.#log = log;
  }

  get state(): RegistryState {
    return this.#state;
  }

  /** Puts the state that it was made with into effect. */
  enact(): void {
    this.#apply(this.#state);
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  watch(watcher: (state: RegistryState) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Saved, then in effect, then acknowledged. When it fails, the disk holds what is in effect. */
  change(app: string, fence: number, change: Change): Promise<void> {
    const fenced: Change = (state) => change(fenceChange(app, fence)(state));
    return this.#serially(async () => {
      this.assertLeading();
      let written = this.#state;
      try {
        // What is found or set to 0 meanwhile does not wait for the disk: the change is then made again, on what is true now.
        for (let base: RegistryState | undefined; base !== this.#state; ) {
          base = this.#state;
          const next = fenced(base);
          if (next === base && written === base) return;
          written = next;
          await this.#file.save(next);
        }
      } catch (error) {
        if (written !== this.#state) await this.#file.save(this.#state).catch(() => this.#saveSoon());
        throw error;
      }
      this.#set(written);
      await this.relay(written);
    });
  }

  /** In effect at once, before anything that waits; then saved and acknowledged. For a change that must not be late. */
  async changeAtOnce(app: string, fence: number, change: Change): Promise<void> {
    this.assertLeading();
    this.#set(change(fenceChange(app, fence)(this.#state)));
    const saved = this.#file.save(this.#state).catch((error) => {
      this.#saveSoon();
      throw error;
    });
    await Promise.all([this.relay(this.#state), saved]);
  }

  /** Takes in what the balancer found out by itself. */
  note(change: Change): void {
    if (!this.#frozen) this.insist(change);
  }

  /** Takes it in also where another process leads: it may have died since it led. */
  insist(change: Change): void {
    const next = change(this.#state);
    if (next === this.#state) return;
    this.#set(next);
    if (!this.#frozen) this.#saveSoon();
    void this.relay(next);
  }

  assertLeading(): void {
    if (this.#frozen) throw new HandingOver();
  }

  /** Saves the present state once more: another process has written over it, or may not have saved it. */
  reassert(): void {
    this.#saveSoon();
  }

  /** Applies the state of the process that has taken over; resolves when those before this one act on it too. */
  async follow(state: RegistryState): Promise<void> {
    if (!this.#frozen) return;
    this.#set(state);
    await this.relay(state);
  }

  /**
   * Accepts no more changes; resolves when those under way are done and everything is on the disk, if the disk takes it:
   * a successor is told the state itself, and a full disk must not cut off what is under way here.
   */
  async freeze(): Promise<void> {
    this.#frozen = true;
    clearTimeout(this.#lazySave);
    this.#lazySave = undefined;
    await this.#queue;
    await this.#file.save(this.#state).catch((error: Error) => {
      this.#log.error({ reason: error.message }, 'the registry could not be saved; going on without');
    });
  }

  thaw(): void {
    this.#frozen = false;
    this.#saveSoon();
  }

  async #serially(task: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(task);
    this.#queue = done.catch(() => {});
    return done;
  }

  #set(next: RegistryState): void {
    const { revision } = this.#state;
    this.#state = next;
    this.#apply(next);
    if (next.revision !== revision) for (const watcher of this.#watchers) watcher(next);
  }

  /** After changes that wait for the disk: an older state must not be written over theirs. */
  #saveSoon(delayMs = LAZY_SAVE_MS): void {
    this.#lazySave ??= setTimeout(() => {
      this.#lazySave = undefined;
      void this.#serially(async () => {
        if (!this.#frozen) await this.#file.save(this.#state);
      }).catch((error: Error) => {
        this.#log.error({ reason: error.message }, 'the registry could not be saved; trying again');
        this.#saveSoon(SAVE_AGAIN_AFTER_MS);
      });
    }, delayMs);
  }
}
