/** For so long an instance that gave up an idle connection by surprise is not tried again: it may depend on its load. */
const CAUTION_MS = 600_000;

/**
 * Whether an instance keeps connections open between requests, as far as it has shown. One that closes them by surprise
 * may do so while a request is on its way, and a request that must not be sent twice would be lost. So such a request
 * uses a kept connection only where the instance announces how long it keeps them, or was seen to keep an idle one for
 * as long as we do.
 */
export class IdleTrust {
  #earned = false;
  #cautiousUntil = 0;

  get earned(): boolean {
    return this.#earned;
  }

  /** Whether it is worth leaving a connection alone, to see what the instance does with it. */
  get wantsProof(): boolean {
    return !this.#earned && performance.now() >= this.#cautiousUntil;
  }

  /** The instance announced how long it keeps connections, or kept one that we gave up first. */
  earn(): void {
    if (this.wantsProof) this.#earned = true;
  }

  /** The instance closed a connection by surprise. */
  lose(): void {
    this.#earned = false;
    this.#cautiousUntil = performance.now() + CAUTION_MS;
  }
}
