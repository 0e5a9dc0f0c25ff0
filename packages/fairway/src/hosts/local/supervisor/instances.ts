import { EventEmitter } from 'node:events';
import { type SlotAddress, slotId } from '../../../rollout/slot.ts';
import { ReleaseMissing, type SlotProcess } from '../../hosts.ts';
import { Instance } from './instance.ts';
import type { SupervisorPaths } from './paths.ts';
import { bootId } from './process-table.ts';
import type { KeptLaunch } from './protocol.ts';
import type { SlotRecord, SupervisorRecord } from './record.ts';
import type { Releases } from './releases.ts';
import { SlotSecrets } from './slot-secrets.ts';

/** All instances of this machine, by slot. */
export class Instances {
  /** Emits an app's name whenever something of it changed. */
  readonly changes = new EventEmitter<{ change: [app: string] }>().setMaxListeners(0);
  readonly #record: SupervisorRecord;
  readonly #paths: SupervisorPaths;
  readonly #releases: Releases;
  readonly #bySlot = new Map<string, Instance>();

  constructor(record: SupervisorRecord, paths: SupervisorPaths, releases: Releases) {
    this.#record = record;
    this.#paths = paths;
    this.#releases = releases;
    for (const slot of record.content.slots) this.#bySlot.set(slotId(slot.slot), this.#instance(slot));
  }

  /** Brings everything back that was wanted when the last supervisor ended. */
  resume(): void {
    const sameBoot = this.#record.content.boot === bootId();
    this.#record.content.boot = bootId();
    for (const instance of this.all()) instance.resume(sameBoot);
  }

  async start(
    host: string,
    slot: SlotAddress,
    launch: KeptLaunch,
    secrets: Readonly<Record<string, string>> | undefined,
  ): Promise<void> {
    if (!this.#releases.has(slot.app, launch.release))
      throw new ReleaseMissing(slot.app, launch.release, host);
    await this.#known(host, slot, launch).start(launch, secrets);
  }

  async stop(slot: SlotAddress): Promise<void> {
    await this.#bySlot.get(slotId(slot))?.stop();
  }

  /** Ends every process. What was wanted stays so: the next supervisor brings it back. */
  async close(): Promise<void> {
    await Promise.all(this.all().map((instance) => instance.close()));
  }

  /** How many are to run, whether or not they do at this moment. */
  wanted(): number {
    return this.all().filter(({ record }) => record.wanted === 'running').length;
  }

  all(): readonly Instance[] {
    return [...this.#bySlot.values()];
  }

  views(app: string): readonly SlotProcess[] {
    return this.#ofApp(app).map((instance) => instance.view());
  }

  /** The releases that something of the app runs, or is about to run. */
  releasesInUse(app: string): readonly string[] {
    const inUse = this.#ofApp(app).filter((instance) => instance.view().state !== 'stopped');
    return inUse.map((instance) => instance.record.launch.release);
  }

  /** Forgets stopped slots whose release is gone: they cannot be started as they were. */
  forgetStopped(app: string): void {
    for (const instance of this.#ofApp(app)) {
      const { slot, launch } = instance.record;
      if (instance.view().state !== 'stopped' || this.#releases.has(app, launch.release)) continue;
      this.#bySlot.delete(slotId(slot));
      const { slots } = this.#record.content;
      slots.splice(slots.indexOf(instance.record), 1);
    }
    this.#changed(app);
  }

  #ofApp(app: string): readonly Instance[] {
    return this.all().filter((instance) => instance.record.slot.app === app);
  }

  #known(host: string, slot: SlotAddress, launch: KeptLaunch): Instance {
    const known = this.#bySlot.get(slotId(slot));
    if (known) return known;
    // `launch` is a value of the protocol here, so it is plain JSON and may be kept.
    const record = { slot, host, launch, wanted: 'stopped', restarts: 0 } as SlotRecord;
    this.#record.content.slots.push(record);
    const instance = this.#instance(record);
    this.#bySlot.set(slotId(slot), instance);
    return instance;
  }

  #instance(record: SlotRecord): Instance {
    return new Instance(record, {
      releaseFolder: this.#paths.release,
      logFile: this.#paths.log(record.slot),
      secrets: new SlotSecrets(this.#paths.secrets(record.slot)),
      changed: () => this.#changed(record.slot.app),
    });
  }

  #changed(app: string): void {
    this.#record.saveIfPossible();
    this.changes.emit('change', app);
  }
}
