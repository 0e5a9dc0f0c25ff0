import { setTimeout as delay } from 'node:timers/promises';
import type { AppCounters, Registry, ServerCounters, ShareRenewal } from '../balancer.ts';
import { HaproxyUnreachable, unlessSilent } from './errors.ts';
import { Events } from './events.ts';
import { type Look, Member } from './member.ts';
import type { HaproxyNode } from './node.ts';
import type { Sighting } from './sighting.ts';
import { lowered, type Shares } from './splits.ts';
import { emptyState, type HaproxyState } from './state.ts';
import { Traffic } from './traffic.ts';

/** How long one that could not be reached is left alone. */
const TRY_AGAIN_AFTER_MS = 500;
/** An alert waits for the slowest HAProxy no longer than this, once it is in effect on one. */
const LATE_AFTER_MS = 100;

interface Seat {
  readonly member: Member;
  readonly events: Events;
  readonly traffic: Traffic;
  look: Look | undefined;
  /** Why it is left out, and until when. */
  absent: { readonly reason: string; readonly tryAgainAt: number } | undefined;
}

/**
 * HAProxies that are kept in step. One that cannot be reached does not hold up the others: it is named, and brought in
 * step before it counts again.
 */
export class Group {
  readonly #seats: readonly Seat[];

  constructor(nodes: readonly HaproxyNode[], state: () => HaproxyState) {
    this.#seats = nodes.map((node) => {
      const traffic = new Traffic();
      return {
        member: new Member(node),
        events: new Events(node, (line) => traffic.log(state(), line)),
        traffic,
        look: undefined,
        absent: undefined,
      };
    });
  }

  /** The newest state that any of them has. */
  async load(): Promise<HaproxyState> {
    const states = await this.#everywhere('all', (seat) => seat.member.load());
    const known = states.filter((state) => state !== undefined);
    return known.reduce(
      (newest, state) => (state.registry.revision > newest.registry.revision ? state : newest),
      emptyState,
    );
  }

  /** Has the leases of shares watched, before anything is given; answers with what was taken back meanwhile. */
  guard(state: HaproxyState): Promise<readonly Shares[]> {
    return this.#everywhere('present', (seat) => seat.member.guard(state));
  }

  /** Answers with the apps that were renewed wherever HAProxy can be reached. */
  async renewShares(renewals: readonly ShareRenewal[]): Promise<readonly string[]> {
    const renewed = await this.#everywhere('present', (seat) =>
      seat.member.renewShares(renewals).catch(unlessSilent<readonly string[]>([])),
    );
    return renewals.map(({ app }) => app).filter((app) => renewed.every((apps) => apps.includes(app)));
  }

  async apply(state: HaproxyState): Promise<void> {
    await this.#everywhere('present', (seat) => seat.member.apply(state));
  }

  /**
   * Takes an app's users back. Once one HAProxy has done so, the others have only a moment more: whoever is late is left out
   * and named, and does it when it is brought in step.
   */
  async zeroShare(app: string, offset: number): Promise<void> {
    const seats = this.#present;
    const late = new Set(seats);
    const zeroed = seats.map(async (seat) => {
      await this.#reach(seat, ({ member }) => member.zeroShare(app, offset));
      late.delete(seat);
    });
    const settled = Promise.allSettled(zeroed);
    const first = await Promise.any(zeroed).then(
      () => true,
      () => false,
    );
    if (!first) throw this.#noneReached();
    await Promise.race([settled, delay(LATE_AFTER_MS)]);
    for (const seat of late) seat.absent = absence(`it did not take the share of ${app} to 0 in time`);
  }

  async cut(state: HaproxyState, id: string): Promise<void> {
    const [app] = id.split('/') as [string];
    const server = state.registry.pools[app]?.servers[id];
    const line = state.placements[app]?.lines[id];
    if (server && line)
      await this.#everywhere('present', (seat) => seat.member.cut(app, server, line.number));
  }

  async look(state: HaproxyState): Promise<void> {
    await this.#everywhere('all', async (seat) => {
      // Whoever was away may have missed anything, or have taken a share to 0 by itself.
      if (seat.absent) {
        const present = lowered(state, await seat.member.shares());
        const taken = await seat.member.guard(present).catch(unlessSilent(new Map()));
        await seat.member.apply(lowered(present, taken));
      }
      const worker = seat.look?.worker;
      const look = await seat.member.look(state);
      if (worker === undefined) await seat.events.start();
      else if (worker !== look.worker) await seat.events.follow();
      seat.look = look;
      seat.absent = undefined;
      seat.traffic.take(state, look);
    });
  }

  /** Brings back in step whoever can be reached again, so that a change is not refused for a moment that is over. */
  async recall(state: HaproxyState): Promise<void> {
    if (this.#seats.some(({ absent }) => absent)) await this.look(state).catch(() => {});
  }

  /** Whether none could be reached when last tried. */
  get isAway(): boolean {
    return this.#present.length === 0;
  }

  get outOfStep(): boolean {
    return this.#present.some(({ look }) => (look?.differences.length ?? 0) > 0);
  }

  /** The registry's shares, lowered to what some HAProxy gives. */
  given(state: HaproxyState): HaproxyState {
    return this.#present.reduce((low, { look }) => (look ? lowered(low, look.shares) : low), state);
  }

  /** Conservative over all that answer: healthy where every one says so, and under way anywhere. */
  sighting(id: string): Omit<Sighting, 'stats'> | undefined {
    const seen = this.#present.flatMap(({ look }) => look?.sightings.get(id) ?? []);
    if (seen.length === 0) return undefined;
    return {
      healthy: seen.every(({ healthy }) => healthy),
      lastFailure: seen.find(({ lastFailure }) => lastFailure !== undefined)?.lastFailure,
      underWay: seen.reduce((sum, { underWay }) => sum + underWay, 0),
    };
  }

  counters(state: HaproxyState): AppCounters[] {
    const [first, ...others] = this.#seats.map(({ traffic }) => traffic.counters(state));
    return others.reduce((sum, counters) => sum.map((app, index) => addApps(app, counters[index]!)), first!);
  }

  unreachable(): Pick<Registry, 'unreachable'> {
    const absent = this.#seats.flatMap(({ member: { name }, absent: gone }) =>
      gone ? [{ name, reason: gone.reason }] : [],
    );
    return absent.length > 0 ? { unreachable: absent } : {};
  }

  close(): void {
    for (const { member, events } of this.#seats) {
      member.close();
      events.close();
    }
  }

  get #present(): readonly Seat[] {
    return this.#seats.filter(({ absent }) => !absent);
  }

  /** Fails where none can be reached, and where one refuses. */
  async #everywhere<Result>(
    which: 'present' | 'all',
    act: (seat: Seat) => Promise<Result>,
  ): Promise<Result[]> {
    const now = Date.now();
    const seats = this.#seats.filter(
      ({ absent }) => !absent || (which === 'all' && (absent.tryAgainAt <= now || this.#seats.length === 1)),
    );
    const results = await Promise.allSettled(seats.map((seat) => this.#reach(seat, act)));
    const refused = results.find(
      (result) => result.status === 'rejected' && !(result.reason instanceof HaproxyUnreachable),
    ) as PromiseRejectedResult | undefined;
    if (refused) throw refused.reason;
    const reached = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    if (reached.length > 0) return reached;
    throw this.#noneReached();
  }

  #noneReached(): HaproxyUnreachable {
    const names = this.#seats.map(({ member }) => member.name);
    const reasons = this.#seats.flatMap(({ member, absent }) =>
      absent ? [`${member.name}: ${absent.reason}`] : [],
    );
    return new HaproxyUnreachable(names.join(', '), reasons.join('; '));
  }

  async #reach<Result>(seat: Seat, act: (seat: Seat) => Promise<Result>): Promise<Result> {
    try {
      return await act(seat);
    } catch (error) {
      if (error instanceof HaproxyUnreachable) {
        seat.absent = absence(error.reason);
        seat.member.renew();
      }
      throw error;
    }
  }
}

function absence(reason: string): NonNullable<Seat['absent']> {
  return { reason, tryAgainAt: Date.now() + TRY_AGAIN_AFTER_MS };
}

function addApps(one: AppCounters, other: AppCounters): AppCounters {
  const unserved: Record<string, number> = { ...one.unserved };
  for (const [status, count] of Object.entries(other.unserved))
    unserved[status] = (unserved[status] ?? 0) + count;
  return {
    app: one.app,
    servers: one.servers.map((server, index) => addServers(server, other.servers[index]!)),
    unserved,
  };
}

function addServers(one: ServerCounters, other: ServerCounters): ServerCounters {
  const pairwise = (a: readonly number[], b: readonly number[]) => a.map((count, index) => count + b[index]!);
  return {
    ...one,
    requests: one.requests + other.requests,
    answers: pairwise(one.answers, other.answers) as unknown as ServerCounters['answers'],
    failures: one.failures + other.failures,
    retried: one.retried + other.retried,
    latencyBuckets: pairwise(one.latencyBuckets, other.latencyBuckets),
    latencySumMs: one.latencySumMs + other.latencySumMs,
  };
}
