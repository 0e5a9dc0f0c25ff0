import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { slotId } from '../../../rollout/slot.ts';
import { type ProcessState, SlotOccupied, type SlotProcess } from '../../hosts.ts';
import { failuresInARow, restartDelayMs } from './backoff.ts';
import { startFailure } from './exit-reason.ts';
import { endGroup } from './process-group.ts';
import { programOf } from './program.ts';
import type { KeptLaunch } from './protocol.ts';
import type { SlotRecord } from './record.ts';
import { say } from './say.ts';
import { sizeOf } from './slot-log.ts';
import { SecretsLost, type SlotSecrets } from './slot-secrets.ts';
import { findStrays } from './strays.ts';
import {
  adoptProcess,
  isAlive,
  type ProcessReference,
  type SupervisedProcess,
  startProcess,
} from './supervised-process.ts';

export interface InstanceSurroundings {
  /** Folder of an unpacked release. */
  releaseFolder(app: string, release: string): string;
  readonly logFile: string;
  readonly secrets: SlotSecrets;
  /** The record changed: save it and tell those who watch. */
  changed(): void;
}

/** What runs in one slot. Keeps it running as long as its record says that it is wanted. */
export class Instance {
  readonly record: SlotRecord;
  readonly #surroundings: InstanceSurroundings;
  #process: SupervisedProcess | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #nextStartAt: number | undefined;
  #failures = 0;
  /** This supervisor is about to end: nothing is started any more, but it stays wanted. */
  #closed = false;
  /** Set when we end it for a reason that its exit status would not tell. */
  #endedBecause: string | undefined;
  /** Start, stop and restart wait for each other, so that a slot never holds two processes. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(record: SlotRecord, surroundings: InstanceSurroundings) {
    this.record = record;
    this.#surroundings = surroundings;
  }

  /** Runs the launch from now on; throws {@link SlotOccupied} while another generation is wanted here. */
  start(launch: KeptLaunch, secrets?: Readonly<Record<string, string>>): Promise<void> {
    return this.#afterOthers(async () => {
      if (this.isWanted(launch)) return;
      if (this.record.wanted === 'running') {
        throw new SlotOccupied(slotId(this.record.slot), this.record.launch.generation, launch.generation);
      }
      await this.#endProcess();
      const logBegin = sizeOf(this.#surroundings.logFile);
      const hasSecrets = this.#surroundings.secrets.keep(secrets);
      Object.assign(this.record, {
        launch,
        hasSecrets,
        wanted: 'running',
        restarts: 0,
        lastExit: undefined,
        logBegin,
      });
      this.#failures = 0;
      this.#spawn();
    });
  }

  stop(): Promise<void> {
    this.#wantStopped();
    return this.#afterOthers(async () => {
      // Once more: a start that was asked for before us may have run in between.
      this.#wantStopped();
      await this.#endProcess();
      this.#surroundings.secrets.forget();
      this.#surroundings.changed();
    });
  }

  /** Ends the process; as it stays wanted, the next supervisor starts it again. */
  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#restartTimer);
    return this.#afterOthers(async () => {
      await this.#endProcess();
      this.#surroundings.changed();
    });
  }

  #wantStopped(): void {
    this.record.wanted = 'stopped';
    clearTimeout(this.#restartTimer);
    this.#nextStartAt = undefined;
    this.#surroundings.changed();
  }

  isWanted(launch: KeptLaunch): boolean {
    return this.record.wanted === 'running' && this.record.launch.generation === launch.generation;
  }

  /**
   * Takes up what an earlier supervisor left: the same process, or a new one in place of one that ended since. Does not
   * wait for what has to be ended first.
   */
  resume(sameBoot: boolean): void {
    const { process } = this.record;
    if (process && isAlive(process)) this.#adopt(process);
    else void this.#afterOthers(() => this.#replaceLost(sameBoot));
  }

  #adopt(process: ProcessReference): void {
    this.#process = adoptProcess(process);
    void this.#process.ended.then((reason) => this.#onEnd(reason));
    // It was to be stopped when the supervisor died; the request will be repeated, but that may take a while.
    if (this.record.wanted === 'stopped') this.stop().catch(say);
  }

  async #replaceLost(sameBoot: boolean): Promise<void> {
    const { process, wanted, launch } = this.record;
    // It may have started a process and died before that was on record; whatever writes to our log is ours.
    const strays = findStrays(this.#surroundings.logFile);
    await Promise.all(strays.map((group) => endGroup(group, launch.stopTimeoutMs))).catch(say);
    this.record.process = undefined;
    if (process) this.#noteEnd(sameBoot ? 'ended while no supervisor ran' : 'the machine was restarted');
    if (process && sameBoot && wanted === 'running') this.record.restarts += 1;
    if (wanted === 'running') this.#spawn();
    else this.#surroundings.changed();
  }

  /** Ends the process for a reason of ours; it is started again as after any other end. */
  async endBecause(reason: string): Promise<void> {
    const reference = this.#process?.reference;
    if (!reference || this.#endedBecause !== undefined) return;
    this.#endedBecause = reason;
    try {
      await endGroup(reference.pid, this.record.launch.stopTimeoutMs);
    } catch (error) {
      this.#endedBecause = undefined;
      throw error;
    }
  }

  view(): SlotProcess {
    const { slot, host, launch, restarts, lastExit } = this.record;
    const reference = this.#process?.reference;
    return {
      slot,
      host,
      state: this.#state(),
      generation: launch.generation,
      port: launch.port,
      ...(reference && { pid: reference.pid, startedAt: reference.startedAt }),
      restarts,
      ...(this.#nextStartAt !== undefined && { nextStartAt: this.#nextStartAt }),
      ...(lastExit && { lastExit }),
    };
  }

  #state(): ProcessState {
    if (this.record.wanted === 'stopped') return this.record.process ? 'stopping' : 'stopped';
    return this.#process?.reference ? 'running' : 'backoff';
  }

  #spawn(): void {
    this.#nextStartAt = undefined;
    this.#endedBecause = undefined;
    this.#process = this.#startProcess();
    void this.#process.ended.then((reason) => this.#onEnd(reason));
    this.record.process = this.#process.reference;
    this.#surroundings.changed();
  }

  #startProcess(): SupervisedProcess {
    const { launch, slot } = this.record;
    const { logFile, releaseFolder, secrets } = this.#surroundings;
    try {
      const values = this.record.hasSecrets ? secrets.read() : undefined;
      const program = programOf(
        { ...launch, ...(values && { secrets: values }) },
        releaseFolder(slot.app, launch.release),
      );
      mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
      const log = openSync(logFile, 'a', 0o600);
      try {
        return startProcess(program, ['ignore', log, log]);
      } finally {
        closeSync(log);
      }
    } catch (error) {
      const reason =
        error instanceof SecretsLost
          ? error.message
          : startFailure(error as NodeJS.ErrnoException, launch.command[0] ?? slotId(slot));
      return { reference: undefined, ended: Promise.resolve(reason) };
    }
  }

  #onEnd(reason: string): void {
    const reference = this.#process?.reference;
    this.#process = undefined;
    this.#noteEnd(this.#endedBecause ?? reason);
    if (this.record.wanted === 'running' && !this.#closed) this.#planRestart(reference?.startedAt);
    this.#surroundings.changed();
    if (reference) void this.#afterOthers(() => this.#endLeftovers(reference.pid)).catch(() => undefined);
  }

  #planRestart(startedAt: number | undefined): void {
    this.record.restarts += 1;
    this.#failures = failuresInARow(this.#failures, startedAt === undefined ? 0 : Date.now() - startedAt);
    const delayMs = restartDelayMs(this.#failures);
    this.#nextStartAt = Date.now() + delayMs;
    this.#restartTimer = setTimeout(() => void this.#restart(), delayMs);
  }

  #restart(): Promise<void> {
    return this.#afterOthers(async () => {
      if (this.record.wanted === 'running' && !this.#process && !this.#closed) this.#spawn();
    });
  }

  /** Children that outlived their parent would hold its port. Begun at once, while their group cannot be another's. */
  async #endLeftovers(group: number): Promise<void> {
    await endGroup(group, this.record.launch.stopTimeoutMs);
    if (this.record.process?.pid === group) this.record.process = undefined;
    this.#surroundings.changed();
  }

  async #endProcess(): Promise<void> {
    const ended = this.#process?.ended;
    const pid = this.record.process?.pid;
    if (pid !== undefined) await endGroup(pid, this.record.launch.stopTimeoutMs);
    await ended;
    this.record.process = undefined;
  }

  #noteEnd(reason: string): void {
    this.record.lastExit = { at: Date.now(), reason };
  }

  #afterOthers(work: () => Promise<void>): Promise<void> {
    const result = this.#work.then(work);
    this.#work = result.catch(() => undefined);
    return result;
  }
}
