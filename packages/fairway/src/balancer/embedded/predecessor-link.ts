import type { Logger } from 'pino';
import type { ServerCounters } from '../balancer.ts';
import type { ElsewhereUnderWay } from './live-server.ts';
import type { PredecessorMessage } from './messages.ts';
import { PredecessorChannel } from './predecessor-channel.ts';
import type { RegistryState, ServerRecord } from './registry-state.ts';

/** How long a running process may take to hand its state over, before we go on with what is on the disk. */
const TAKEOVER_TIMEOUT_MS = 3000;
/** A predecessor that applies no state for so long is not waited for. */
const RELAY_TIMEOUT_MS = 1000;

type Takeover = Extract<PredecessorMessage, { kind: 'takeover' }>;

/**
 * The new process's side of a handover: what the old one handed over, what it still has under way, and the way to
 * tell it of changes until it ends. A predecessor that falls silent (stopped, swapped out) may wake up and go on with
 * its requests: until it speaks again, or its end of the link closes, every server that it knows counts as busy.
 */
export class PredecessorLink implements ElsewhereUnderWay {
  /** Undefined when it did not answer in time. */
  readonly takeover: Takeover | undefined;
  /** Called after each report, when the predecessor falls silent, and when it has ended. */
  onReport: () => void = () => {};
  /** Called when it answers only now: it has just saved a registry that no longer stands. */
  onLateTakeover: () => void = () => {};
  /** Resolves when the predecessor has ended. */
  readonly ended: Promise<void>;
  #resolveEnded: () => void = () => {};
  readonly #channel: PredecessorChannel;
  readonly #log: Logger;
  readonly #waiting = new Map<number, () => void>();
  #counters = new Map<string, ServerCounters>();
  #unserved = new Map<string, Readonly<Record<string, number>>>();
  #inFlight: Readonly<Record<string, number>> = {};
  /** While it is silent: the servers that it may have requests on. */
  #silentOn: ReadonlySet<string> | undefined;
  #sequence = 0;
  #applied = 0;
  #hasEnded = false;

  private constructor(channel: PredecessorChannel, takeover: Takeover | undefined, log: Logger) {
    this.#channel = channel;
    this.takeover = takeover;
    this.#log = log;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    if (takeover) this.#take(takeover);
    else this.#silentOn = new Set();
  }

  /** Asks the process behind the control socket, if any, to hand over. */
  static open(socketPath: string, log: Logger): Promise<PredecessorLink | undefined> {
    return new Promise((resolve) => {
      let link: PredecessorLink | undefined;
      const begin = (takeover: Takeover | undefined) => {
        clearTimeout(timer);
        link = new PredecessorLink(channel, takeover, log);
        resolve(link);
      };
      const channel = new PredecessorChannel(
        socketPath,
        (message) => {
          if (link) link.#take(message);
          else if (message.kind === 'takeover') begin(message);
        },
        (reason) => {
          clearTimeout(timer);
          if (link) return link.#end(reason);
          log.info({ reason }, 'no balancer process to take over from');
          resolve(undefined);
        },
      );
      const timer = setTimeout(() => {
        log.error('the balancer process before this one does not answer; going on with what is on the disk');
        begin(undefined);
      }, TAKEOVER_TIMEOUT_MS);
    });
  }

  /** Resolves when the predecessor acts on this state, or is not waited for. */
  relay(state: RegistryState): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    this.#sequence += 1;
    const sequence = this.#sequence;
    this.#channel.send({ sequence, state });
    if (this.#silentOn) {
      if (this.takeover === undefined && this.#silentOn.size === 0) this.#silentOn = serversOf(state);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#fallSilent(state), RELAY_TIMEOUT_MS);
      this.#waiting.set(sequence, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  get settled(): boolean {
    return this.#hasEnded || this.#silentOn !== undefined || this.#applied >= this.#sequence;
  }

  inFlight(record: ServerRecord): number {
    const known = this.#inFlight[key(record)] ?? 0;
    return this.#silentOn?.has(key(record)) ? Math.max(known, 1) : known;
  }

  counters(record: ServerRecord): ServerCounters | undefined {
    return this.#counters.get(key(record));
  }

  unserved(app: string): Readonly<Record<string, number>> {
    return this.#unserved.get(app) ?? {};
  }

  #take(message: PredecessorMessage): void {
    const wasSilent = this.#silentOn !== undefined;
    this.#silentOn = undefined;
    this.#inFlight = message.inFlight;
    this.#counters = new Map(
      message.counters.flatMap(({ servers }) => servers.map((one) => [key(one), one])),
    );
    this.#unserved = new Map(message.counters.map(({ app, unserved }) => [app, unserved]));
    this.#applied = message.applied;
    for (const sequence of this.#waiting.keys()) if (sequence <= message.applied) this.#stopWaiting(sequence);
    if (wasSilent) {
      this.#log.info('the balancer process before this one answers again');
      if (message.kind === 'takeover') this.onLateTakeover();
    }
    this.onReport();
  }

  #fallSilent(state: RegistryState): void {
    this.#log.error(
      'the retiring balancer process does not follow; its servers count as busy until it answers or is gone',
    );
    this.#silentOn = serversOf(state);
    this.#stopWaitingForAll();
    this.onReport();
  }

  #end(reason: string | undefined): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#inFlight = {};
    this.#silentOn = undefined;
    this.#stopWaitingForAll();
    this.#log.info({ reason }, 'the balancer process before this one has ended');
    this.onReport();
    this.#resolveEnded();
  }

  #stopWaitingForAll(): void {
    for (const sequence of this.#waiting.keys()) this.#stopWaiting(sequence);
  }

  #stopWaiting(sequence: number): void {
    this.#waiting.get(sequence)!();
    this.#waiting.delete(sequence);
  }
}

function serversOf({ pools }: RegistryState): ReadonlySet<string> {
  return new Set(Object.values(pools).flatMap(({ servers }) => Object.values(servers).map(key)));
}

function key({ id, generation }: { id: string; generation: string }): string {
  return `${id} ${generation}`;
}
