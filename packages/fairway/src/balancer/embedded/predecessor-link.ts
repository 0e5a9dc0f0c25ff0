import { request } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { ServerCounters } from '../balancer.ts';
import { jsonLine, onJsonLine } from './json-lines.ts';
import type { ElsewhereUnderWay } from './live-server.ts';
import { type PredecessorMessage, predecessorMessageSchema } from './messages.ts';
import type { RegistryState, ServerRecord } from './registry-state.ts';

/** How long a running process may take to hand its state over, before we go on with what is on the disk. */
const TAKEOVER_TIMEOUT_MS = 3000;
/** A predecessor that applies no state for so long is not waited for. */
const RELAY_TIMEOUT_MS = 1000;

type Takeover = Extract<PredecessorMessage, { kind: 'takeover' }>;

/**
 * The new process's side of a handover: what the old one handed over, what it still has under way, and the way to
 * tell it of changes until it ends.
 */
export class PredecessorLink implements ElsewhereUnderWay {
  readonly takeover: Takeover;
  /** Called after each report, and when the predecessor has ended. */
  onReport: () => void = () => {};
  /** Resolves when the predecessor has ended. */
  readonly ended: Promise<void>;
  #resolveEnded: () => void = () => {};
  readonly #socket: Socket;
  readonly #log: Logger;
  readonly #waiting = new Map<number, () => void>();
  #counters = new Map<string, ServerCounters>();
  #unserved = new Map<string, Readonly<Record<string, number>>>();
  #inFlight: Readonly<Record<string, number>> = {};
  #sequence = 0;
  #applied = 0;
  #hasEnded = false;

  private constructor(socket: Socket, takeover: Takeover, log: Logger) {
    this.#socket = socket;
    this.takeover = takeover;
    this.#log = log;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#take(takeover);
  }

  /** Asks the process behind the control socket, if any, to hand over. */
  static open(socketPath: string, log: Logger): Promise<PredecessorLink | undefined> {
    return new Promise((resolve) => {
      const none = (reason: string) => {
        log.info({ reason }, 'no balancer process to take over from');
        resolve(undefined);
      };
      const ask = request({
        socketPath,
        path: '/handover',
        agent: false,
        headers: { connection: 'Upgrade', upgrade: 'fairway-handover' },
      });
      const timer = setTimeout(() => ask.destroy(new Error('it does not answer')), TAKEOVER_TIMEOUT_MS);
      ask.on('error', (error) => {
        clearTimeout(timer);
        none(error.message);
      });
      ask.on('response', (answer) => {
        clearTimeout(timer);
        answer.resume();
        none(`it answered ${answer.statusCode}`);
      });
      ask.on('upgrade', (_answer, socket, head) => {
        clearTimeout(timer);
        if (head.length > 0) socket.unshift(head);
        let link: PredecessorLink | undefined;
        onJsonLine(
          socket,
          (line) => {
            const message = predecessorMessageSchema.parse(line);
            if (link) return link.#take(message);
            if (message.kind !== 'takeover') return none('it spoke out of turn');
            link = new PredecessorLink(socket, message, log);
            resolve(link);
          },
          (reason) => (link ? link.#end(reason) : none(reason?.message ?? 'it ended')),
        );
      });
      ask.end();
    });
  }

  /** Resolves when the predecessor acts on this state, or no longer counts. */
  relay(state: RegistryState): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    this.#sequence += 1;
    const sequence = this.#sequence;
    this.#socket.write(jsonLine({ sequence, state }));
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#log.error('the retiring balancer process does not follow; it is cut off');
        this.#socket.destroy();
        this.#end();
      }, RELAY_TIMEOUT_MS);
      this.#waiting.set(sequence, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  get settled(): boolean {
    return this.#hasEnded || this.#applied >= this.#sequence;
  }

  inFlight(record: ServerRecord): number {
    return this.#inFlight[key(record)] ?? 0;
  }

  counters(record: ServerRecord): ServerCounters | undefined {
    return this.#counters.get(key(record));
  }

  unserved(app: string): Readonly<Record<string, number>> {
    return this.#unserved.get(app) ?? {};
  }

  #take(message: PredecessorMessage): void {
    this.#inFlight = message.inFlight;
    this.#counters = new Map(
      message.counters.flatMap(({ servers }) => servers.map((one) => [key(one), one])),
    );
    this.#unserved = new Map(message.counters.map(({ app, unserved }) => [app, unserved]));
    this.#applied = message.applied;
    for (const [sequence, done] of this.#waiting) {
      if (sequence > message.applied) continue;
      this.#waiting.delete(sequence);
      done();
    }
    this.onReport();
  }

  #end(reason?: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#inFlight = {};
    for (const done of this.#waiting.values()) done();
    this.#waiting.clear();
    this.#log.info({ reason: reason?.message }, 'the balancer process before this one has ended');
    this.onReport();
    this.#resolveEnded();
  }
}

function key({ id, generation }: { id: string; generation: string }): string {
  return `${id} ${generation}`;
}
