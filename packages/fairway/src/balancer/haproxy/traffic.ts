import { type AppCounters, LATENCY_BOUNDS_MS, type ServerCounters } from '../balancer.ts';
import type { ServerRecord } from '../embedded/registry-state.ts';
import { ServerTally } from '../embedded/tally.ts';
import type { Look } from './member.ts';
import type { ServerStats } from './server-stats.ts';
import type { HaproxyState } from './state.ts';
import { lineName, standInName } from './wanted.ts';

/** What a worker has counted for a server; it begins at 0 with every worker, and goes on over the line's servers. */
type Count = Pick<ServerStats, 'requests' | 'answers' | 'failures' | 'retried'>;

const NOTHING: Count = { requests: 0, answers: [0, 0, 0, 0, 0], failures: 0, retried: 0 };

interface Counted {
  readonly server: ServerRecord;
  readonly times: ServerTally;
  worker: number;
  /** What the worker's counters were when the server came to its line. */
  base: Count;
  latest: Count;
  /** From the workers before. */
  carried: Count;
}

/** Adds up what one HAProxy counted, over its reloads and over the servers that its lines had. */
export class Traffic {
  readonly #counted = new Map<string, Counted>();
  readonly #unserved = new Map<string, Map<string, number>>();

  take(state: HaproxyState, { worker, sightings }: Look): void {
    for (const id of this.#counted.keys()) if (!sightings.has(id)) this.#counted.delete(id);
    for (const pool of Object.values(state.registry.pools)) {
      for (const server of Object.values(pool.servers)) {
        const now = sum(sightings.get(server.id)?.stats ?? []);
        const known = this.#counted.get(server.id);
        if (!known || known.server.generation !== server.generation || known.server.port !== server.port) {
          this.#counted.set(server.id, {
            server,
            times: new ServerTally(),
            worker,
            base: now,
            latest: now,
            carried: NOTHING,
          });
          continue;
        }
        if (known.worker !== worker) {
          known.carried = add(known.carried, subtract(known.latest, known.base));
          known.base = NOTHING;
          known.worker = worker;
        }
        known.latest = now;
      }
    }
  }

  /** One line of HAProxy's log: app, backend, server, status, microseconds to the answer's head (`-` without an answer). */
  log(state: HaproxyState, line: string): void {
    const [app, , name, status, microseconds] = line.split(' ');
    if (app === undefined || microseconds === undefined || !state.registry.pools[app]) return;
    if (microseconds === '-') {
      const unserved = this.#unserved.get(app) ?? new Map<string, number>();
      unserved.set(status!, (unserved.get(status!) ?? 0) + 1);
      this.#unserved.set(app, unserved);
      return;
    }
    const occupant = Object.entries(state.placements[app]!.lines).find(
      ([, { number }]) => name === lineName(number) || name === standInName(number),
    );
    this.#counted.get(occupant?.[0] ?? '')?.times.answered(Number(status), Number(microseconds) / 1000);
  }

  forget(app: string): void {
    this.#unserved.delete(app);
  }

  counters(state: HaproxyState): AppCounters[] {
    return Object.entries(state.registry.pools).map(([app, pool]) => ({
      app,
      servers: Object.values(pool.servers).map((server) => this.#countersOf(server)),
      unserved: Object.fromEntries(this.#unserved.get(app) ?? []),
    }));
  }

  #countersOf(server: ServerRecord): ServerCounters {
    const counted = this.#counted.get(server.id);
    const count = counted ? add(counted.carried, subtract(counted.latest, counted.base)) : NOTHING;
    const times = counted?.times.read(server);
    return {
      id: server.id,
      generation: server.generation,
      side: server.side,
      ...count,
      latencyBuckets: times?.latencyBuckets ?? Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, () => 0),
      latencySumMs: times?.latencySumMs ?? 0,
    };
  }
}

function sum(stats: readonly Count[]): Count {
  return stats.reduce<Count>(add, NOTHING);
}

function add(one: Count, other: Count): Count {
  return combine(one, other, (a, b) => a + b);
}

function subtract(one: Count, other: Count): Count {
  return combine(one, other, (a, b) => Math.max(0, a - b));
}

function combine(one: Count, other: Count, of: (a: number, b: number) => number): Count {
  return {
    requests: of(one.requests, other.requests),
    answers: one.answers.map((count, index) =>
      of(count, other.answers[index]!),
    ) as unknown as Count['answers'],
    failures: of(one.failures, other.failures),
    retried: of(one.retried, other.retried),
  };
}
