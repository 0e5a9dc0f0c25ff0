import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { jsonLine, onJsonLine } from './json-lines.ts';
import type { Keeper } from './keeper.ts';
import type { LiveRegistry } from './live-registry.ts';
import { type PredecessorMessage, successorMessageSchema } from './messages.ts';

const REPORT_INTERVAL_MS = 20;

/**
 * The retiring process's side of a handover. From here on it decides nothing: it applies each state that its successor
 * sends, and reports what it still has under way, so that the successor neither stops an instance that is still in use
 * nor forgets what was counted.
 */
export class SuccessorLink {
  readonly #socket: Duplex;
  readonly #keeper: Keeper;
  readonly #live: LiveRegistry;
  readonly #timer: NodeJS.Timeout;
  #applied = 0;
  #lastReport = '';

  private constructor(socket: Duplex, keeper: Keeper, live: LiveRegistry) {
    this.#socket = socket;
    this.#keeper = keeper;
    this.#live = live;
    this.#timer = setInterval(() => this.#report(), REPORT_INTERVAL_MS);
    this.#timer.unref();
  }

  static async open(
    socket: Duplex,
    keeper: Keeper,
    live: LiveRegistry,
    onLost: () => void,
    log: Logger,
  ): Promise<SuccessorLink> {
    await keeper.freeze();
    live.follow();
    const link = new SuccessorLink(socket, keeper, live);
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: fairway-handover\r\n\r\n',
    );
    link.#send({ kind: 'takeover', state: keeper.state, newUsers: link.#newUsers(), ...link.#underWay() });
    log.info({ revision: keeper.state.revision }, 'handing over to another balancer process');
    onJsonLine(
      socket,
      (message) => link.#follow(message),
      (reason) => {
        clearInterval(link.#timer);
        if (reason) log.warn({ reason: reason.message }, 'the link to the next process broke');
        onLost();
      },
    );
    return link;
  }

  /** The last report, then the end. */
  close(): Promise<void> {
    clearInterval(this.#timer);
    this.#report();
    return new Promise((resolve) => {
      if (this.#socket.destroyed) resolve();
      else this.#socket.end(() => resolve());
    });
  }

  #follow(message: unknown): void {
    const { sequence, state } = successorMessageSchema.parse(message);
    // In order: a predecessor of our own, if there still is one, answers in order too.
    void this.#keeper.follow(state).then(() => {
      this.#applied = sequence;
      this.#report();
    });
  }

  #report(): void {
    const report: PredecessorMessage = { kind: 'report', ...this.#underWay() };
    const text = JSON.stringify(report);
    if (text === this.#lastReport) return;
    this.#lastReport = text;
    this.#send(report);
  }

  #send(message: PredecessorMessage): void {
    if (this.#socket.writable) this.#socket.write(jsonLine(message));
  }

  #underWay(): Pick<PredecessorMessage, 'applied' | 'inFlight' | 'counters'> {
    const inFlight: Record<string, number> = {};
    for (const pool of this.#live.pools.values()) {
      for (const server of pool.servers.values()) {
        const count = this.#live.inFlight(server);
        if (count > 0) inFlight[`${server.record.id} ${server.record.generation}`] = count;
      }
    }
    return { applied: this.#applied, inFlight, counters: this.#live.counters() };
  }

  #newUsers(): Record<string, number> {
    return Object.fromEntries([...this.#live.pools].map(([app, pool]) => [app, pool.newUsers.count]));
  }
}
