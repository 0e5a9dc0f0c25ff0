import type { PoolDefinition } from '../balancer.ts';

/** Whose turn it is in a request whose body is on its way. */
export type WaitingFor =
  /** The visitor, for more of the body. */
  | 'visitor'
  /** The instance, to take what has come of it, or to begin its answer. */
  | 'instance'
  /** Either of them: the answer has begun. */
  | 'either';

/** Notices when nothing of a request has moved for too long. A time of 0 means for ever. */
export class StallWatch {
  readonly #timeouts: PoolDefinition['timeouts'];
  readonly #onStall: (waitingFor: WaitingFor) => void;
  #waitingFor: WaitingFor | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(timeouts: PoolDefinition['timeouts'], onStall: (waitingFor: WaitingFor) => void) {
    this.#timeouts = timeouts;
    this.#onStall = onStall;
  }

  moved(waitingFor: WaitingFor): void {
    if (waitingFor === this.#waitingFor || this.#waitingFor === 'either') {
      this.#timer?.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#waitingFor = waitingFor;
    const { firstByteMs, idleMs } = this.#timeouts;
    const patienceMs = waitingFor === 'instance' ? firstByteMs : idleMs;
    this.#timer = patienceMs > 0 ? setTimeout(() => this.#onStall(waitingFor), patienceMs) : undefined;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
