import { readdirSync } from 'node:fs';
import { slotId } from '../../../rollout/slot.ts';
import type { LogLine, LogQuery } from '../../hosts.ts';
import { type SupervisorPaths, slotOfLog } from './paths.ts';
import type { SupervisorRecord } from './record.ts';
import { SlotLog } from './slot-log.ts';

const lookForNewSlotsMs = 500;

/** The logs of all slots. There is one {@link SlotLog} per file, so that rotation and readers know of each other. */
export class Logs {
  readonly #paths: SupervisorPaths;
  readonly #record: SupervisorRecord;
  readonly #open = new Map<string, SlotLog>();

  constructor(paths: SupervisorPaths, record: SupervisorRecord) {
    this.#paths = paths;
    this.#record = record;
  }

  at(file: string): SlotLog {
    const log = this.#open.get(file) ?? new SlotLog(file);
    this.#open.set(file, log);
    return log;
  }

  /** Hands over each slot's last lines, slot after slot, then (with `follow`) all new lines, also of new slots. */
  async read(
    app: string,
    query: LogQuery,
    signal: AbortSignal,
    write: (line: LogLine) => Promise<unknown>,
  ): Promise<void> {
    const readers = new Map<string, Promise<void>>();
    const begin = (lines: number) => {
      for (const { file, slot } of this.#slots(app, query.instance)) {
        if (readers.has(file)) continue;
        const log = this.at(file);
        const start = query.sinceStart ? this.#record.slot(slotId(slot))?.logBegin : undefined;
        const wanted = { lines, follow: query.follow, ...(start !== undefined && { begin: start }) };
        const reading = (async () => {
          for await (const text of log.read(wanted, signal)) await write({ slot, text });
        })();
        readers.set(file, reading);
        // A failure is thrown where the readers are awaited below; until then it is not an unhandled one.
        reading.catch(() => undefined);
      }
    };
    begin(query.lines);
    if (!query.follow) {
      await Promise.all(readers.values());
      return;
    }
    // A log that appears later is read from its beginning: all of it is new.
    const timer = setInterval(() => begin(Number.MAX_SAFE_INTEGER), lookForNewSlotsMs);
    try {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    } finally {
      clearInterval(timer);
    }
    await Promise.all(readers.values());
  }

  #slots(app: string, instance: string | undefined) {
    let files: string[];
    try {
      files = readdirSync(this.#paths.logs(app)).sort();
    } catch {
      return [];
    }
    return files.flatMap((name) => {
      const slot = slotOfLog(app, name);
      if (!slot || (instance !== undefined && slot.instance !== instance)) return [];
      return [{ file: this.#paths.log(slot), slot }];
    });
  }
}
