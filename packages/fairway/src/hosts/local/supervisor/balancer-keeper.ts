import { closeSync, mkdirSync, openSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { failuresInARow, restartDelayMs } from './backoff.ts';
import { waitUntilReady } from './balancer-ready.ts';
import { bindSocket, type ListeningSocket } from './listening-socket.ts';
import { endGroup } from './process-group.ts';
import type { BalancerRequest, BalancerStatus } from './protocol.ts';
import type { BalancerRecord, SupervisorRecord } from './record.ts';
import { findStrays } from './strays.ts';
import {
  adoptProcess,
  isAlive,
  type ProcessReference,
  type SupervisedProcess,
  startProcess,
} from './supervised-process.ts';

const readyTimeoutMs = 15_000;
/** A balancer that was told to end is given so long for its last requests when everything is shut down. */
const shutdownPatienceMs = 5_000;
const rebindPollMs = 10;
/** For one that retires to let go of the address. */
const retireTimeoutMs = 30_000;
/** For whoever else listens on it; tried again later. */
const rebindTimeoutMs = 1_000;

/**
 * Keeps the balancer running, and holds its listening socket: a balancer that crashed, or was replaced as planned, is
 * followed by one on the same socket, and connections made in between wait in the backlog.
 *
 * One limit: after this supervisor itself was killed and started again, the socket is held by the running balancer alone.
 * The next restart of the balancer then binds the address anew, and connections are refused for as long as a balancer takes
 * to start (a few hundred ms); from then on the socket is held here again.
 */
export class BalancerKeeper {
  readonly #record: SupervisorRecord;
  readonly #program: () => string;
  readonly #logFile: string;
  #socket: ListeningSocket | undefined;
  #process: SupervisedProcess | undefined;
  #failures = 0;
  #restartTimer: NodeJS.Timeout | undefined;
  #closed = false;
  /** Requests wait for each other, so that there is never one balancer too many. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(record: SupervisorRecord, program: () => string, logFile: string) {
    this.#record = record;
    this.#program = program;
    this.#logFile = logFile;
  }

  /** Takes up the balancer that an earlier supervisor started, or starts one anew if it is gone. */
  resume(): Promise<void> {
    return this.#afterOthers(async () => {
      const known = this.#record.content.balancer;
      if (!known) return;
      known.retiring = known.retiring.filter(isAlive);
      for (const process of known.retiring) this.#forgetAtEnd(process);
      if (known.process && isAlive(known.process)) return this.#supervise(known, adoptProcess(known.process));
      const retiring = new Set(known.retiring.map((process) => process.pid));
      for (const group of findStrays(this.#logFile)) if (!retiring.has(group)) await endGroup(group, 0);
      this.#planStart(known, 0);
    });
  }

  /**
   * Makes sure that a balancer runs as asked, and waits until it is ready. Nothing if it runs; one that ended is started
   * again, without waiting for its turn; a changed address moves it there. Throws {@link PortUnavailable} with nothing changed, and {@link BalancerNotReady}.
   */
  ensure(request: BalancerRequest): Promise<BalancerStatus> {
    return this.#afterOthers(async () => {
      const known = this.#record.content.balancer;
      if (known && isSame(known.request, request)) {
        if (!this.#process) await this.#startNow(known);
        return this.#status(known);
      }
      const socket = await this.#socketFor(request, known);
      if (known) await this.#end(known);
      if (socket !== this.#socket) this.#socket?.close();
      this.#socket = socket;
      const listen = { address: socket.address, port: socket.port };
      const record: BalancerRecord = { request, listen, retiring: known?.retiring ?? [], restarts: 0 };
      this.#record.content.balancer = record;
      const started = this.#start(record);
      this.#supervise(record, started);
      await waitUntilReady(request.socketPath, started, readyTimeoutMs);
      return this.#status(record);
    });
  }

  /**
   * A planned restart. The next balancer starts on the same socket; when it is ready the old one is told to end, and does
   * so after its last request. Should the next one not become ready, the old one stays. Throws {@link BalancerNotReady}.
   */
  restart(): Promise<BalancerStatus> {
    return this.#afterOthers(async () => {
      const record = this.#expectRecord();
      const old = this.#process;
      if (!this.#socket) await this.#retireThenRebind(record, old);
      const next = this.#start(record);
      try {
        await waitUntilReady(record.request.socketPath, next, readyTimeoutMs);
      } catch (error) {
        if (next.reference) await endGroup(next.reference.pid, 0);
        if (!this.#process) this.#spawn(record);
        throw error;
      }
      if (this.#process === old && old?.reference) this.#retire(record, old.reference);
      this.#supervise(record, next);
      return this.#status(record);
    });
  }

  status(): BalancerStatus {
    return this.#status(this.#expectRecord());
  }

  /** Ends the balancer, for good. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#afterOthers(async () => {
      const known = this.#record.content.balancer;
      if (known) await this.#end(known);
      for (const process of known?.retiring ?? []) await endGroup(process.pid, 0);
      this.#socket?.close();
    });
  }

  async #socketFor(request: BalancerRequest, known: BalancerRecord | undefined): Promise<ListeningSocket> {
    const { address, port } = request.listen;
    const staysThere = known?.request.listen.address === address && known.request.listen.port === port;
    if (staysThere && this.#socket) return this.#socket;
    // Port 0 is chosen once: asked for again, it means the port that was chosen.
    return bindSocket(address, staysThere ? known.listen.port : port);
  }

  #expectRecord(): BalancerRecord {
    const record = this.#record.content.balancer;
    if (!record) throw new NoBalancer();
    return record;
  }

  #status(record: BalancerRecord): BalancerStatus {
    const pid = this.#process?.reference?.pid;
    const { listen, restarts, lastExit } = record;
    return { ...(pid !== undefined && { pid }), ...listen, restarts, ...(lastExit && { lastExit }) };
  }

  #spawn(record: BalancerRecord): void {
    this.#supervise(record, this.#start(record));
  }

  #start(record: BalancerRecord): SupervisedProcess {
    const { stateDirectory, socketPath } = record.request;
    mkdirSync(dirname(this.#logFile), { recursive: true, mode: 0o700 });
    const log = openSync(this.#logFile, 'a', 0o600);
    const args = [this.#program(), '--state', stateDirectory, '--socket', socketPath, '--listen-fd', '3'];
    const env = { PATH: process.env.PATH ?? '', HOME: homedir(), LANG: process.env.LANG ?? 'C.UTF-8' };
    try {
      const program = { file: process.execPath, args, cwd: '/', env };
      return startProcess(program, ['ignore', log, log, this.#socket!.fd]);
    } finally {
      closeSync(log);
    }
  }

  #supervise(record: BalancerRecord, process: SupervisedProcess): void {
    this.#process = process;
    record.process = process.reference;
    this.#record.saveIfPossible();
    void process.ended.then((reason) => this.#onEnd(record, process, reason));
  }

  #onEnd(record: BalancerRecord, process: SupervisedProcess, reason: string): void {
    // One that was replaced ends as it should.
    if (this.#process !== process) return;
    this.#process = undefined;
    record.process = undefined;
    record.restarts += 1;
    record.lastExit = { at: Date.now(), reason };
    this.#record.saveIfPossible();
    this.#failures = failuresInARow(
      this.#failures,
      Date.now() - (process.reference?.startedAt ?? Date.now()),
    );
    // The first time at once: visitors wait. A balancer that keeps crashing must not use up the machine.
    const delayMs = this.#failures === 1 ? 0 : restartDelayMs(this.#failures - 1);
    this.#planStart(record, delayMs);
  }

  #planStart(record: BalancerRecord, delayMs: number): void {
    if (!this.#closed) this.#restartTimer = setTimeout(() => void this.#startAgain(record), delayMs);
  }

  async #startNow(record: BalancerRecord): Promise<void> {
    if (!this.#socket) await this.#rebind(record, rebindTimeoutMs);
    const started = this.#start(record);
    this.#supervise(record, started);
    await waitUntilReady(record.request.socketPath, started, readyTimeoutMs);
  }

  async #startAgain(record: BalancerRecord): Promise<void> {
    try {
      await this.#afterOthers(async () => {
        if (this.#closed || this.#process || this.#record.content.balancer !== record) return;
        if (!this.#socket) await this.#rebind(record, rebindTimeoutMs);
        this.#spawn(record);
      });
    } catch (error) {
      record.lastExit = { at: Date.now(), reason: (error as Error).message };
      this.#planStart(record, restartDelayMs(4));
    }
  }

  /** Without the socket at hand the old balancer must let go of it first, which it does as soon as it begins to drain. */
  async #retireThenRebind(record: BalancerRecord, old: SupervisedProcess | undefined): Promise<void> {
    if (old?.reference) this.#retire(record, old.reference);
    this.#process = undefined;
    await this.#rebind(record, retireTimeoutMs);
  }

  #retire(record: BalancerRecord, old: ProcessReference): void {
    record.retiring.push(old);
    this.#record.saveIfPossible();
    if (isAlive(old)) process.kill(old.pid, 'SIGTERM');
    this.#forgetAtEnd(old);
  }

  #forgetAtEnd(retired: ProcessReference): void {
    void adoptProcess(retired).ended.then(() => {
      const record = this.#record.content.balancer;
      if (!record || this.#closed) return;
      record.retiring = record.retiring.filter((process) => process.pid !== retired.pid);
      this.#record.saveIfPossible();
    });
  }

  /** Binds the known address anew, as soon as whoever still listens there has let go of it. */
  async #rebind(record: BalancerRecord, timeoutMs: number): Promise<void> {
    const { address, port } = record.listen;
    for (const deadline = Date.now() + timeoutMs; ; await delay(rebindPollMs)) {
      try {
        this.#socket = await bindSocket(address, port);
        return;
      } catch (error) {
        if (Date.now() > deadline || this.#closed) throw error;
      }
    }
  }

  async #end(record: BalancerRecord): Promise<void> {
    clearTimeout(this.#restartTimer);
    const reference = this.#process?.reference;
    this.#process = undefined;
    record.process = undefined;
    if (reference) await endGroup(reference.pid, shutdownPatienceMs);
    this.#record.saveIfPossible();
  }

  #afterOthers<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#work.then(work);
    this.#work = result.catch(() => undefined);
    return result;
  }
}

function isSame(one: BalancerRequest, other: BalancerRequest): boolean {
  return (
    one.listen.address === other.listen.address &&
    one.listen.port === other.listen.port &&
    one.stateDirectory === other.stateDirectory &&
    one.socketPath === other.socketPath
  );
}

/** The supervisor was asked about a balancer that it was never told to run. */
export class NoBalancer extends Error {
  override readonly name = 'NoBalancer';
  readonly code = 'no-balancer';
  constructor() {
    super('no balancer runs here yet; `fairway serve` starts one');
  }
}
