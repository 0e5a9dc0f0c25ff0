import type { PoolDefinition, ServerCounters } from '../balancer.ts';
import { Connections } from './connections.ts';
import type { ServerRecord } from './registry-state.ts';
import { ServerTally } from './tally.ts';

/** A request or WebSocket under way. `cancel` ends it at once: its server's time is over. */
export interface UnderWay {
  /** Whether it may go on for ever, as WebSockets do. */
  readonly openEnded: boolean;
  cancel(): void;
}

/** What another process that shares our servers (the predecessor during a handover) still has under way. */
export interface ElsewhereUnderWay {
  inFlight(record: ServerRecord): number;
  counters(record: ServerRecord): ServerCounters | undefined;
  unserved(app: string): Readonly<Record<string, number>>;
  /** Whether what it says is under way can still grow: it does not yet act on the present state of the registry. */
  readonly settled: boolean;
}

/** A server with what lives only in this process: connections, requests under way, counts. */
export class LiveServer {
  record: ServerRecord;
  readonly tally = new ServerTally();
  readonly connections: Connections;
  readonly underWay = new Set<UnderWay>();
  /** Called when the last request under way has ended. */
  onIdle: () => void = () => {};

  constructor(record: ServerRecord, timeouts: PoolDefinition['timeouts']) {
    this.record = record;
    this.connections = new Connections(record.host, record.port, timeouts);
    this.connections.keep(record.state === 'serving');
  }

  get inFlight(): number {
    return this.underWay.size;
  }

  update(record: ServerRecord): void {
    if (record.state !== this.record.state) this.connections.keep(record.state === 'serving');
    this.record = record;
  }

  begin(request: UnderWay): void {
    this.underWay.add(request);
    this.tally.requests += 1;
  }

  end(request: UnderWay): void {
    if (!this.underWay.delete(request)) return;
    if (this.underWay.size === 0 && this.record.state !== 'serving') this.onIdle();
  }

  cancelOpenEnded(): void {
    for (const request of [...this.underWay]) if (request.openEnded) request.cancel();
  }

  cancelAll(): void {
    for (const request of [...this.underWay]) request.cancel();
    this.connections.keep(false);
  }
}
