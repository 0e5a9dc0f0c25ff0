import { StaleFence } from '../../hosts.ts';
import type { SupervisorRecord } from './record.ts';

/** The highest fence seen of each app, kept over restarts. */
export class Fences {
  readonly #record: SupervisorRecord;

  constructor(record: SupervisorRecord) {
    this.#record = record;
  }

  /** Remembers a fence, or throws {@link StaleFence} when a higher one was seen. */
  pass(app: string, fence: number): void {
    const { fences } = this.#record.content;
    const known = Object.hasOwn(fences, app) ? fences[app]! : 0;
    if (fence < known) throw new StaleFence(app, fence, known);
    if (fence === known) return;
    fences[app] = fence;
    this.#record.save();
  }
}
