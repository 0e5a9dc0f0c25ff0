import { setTimeout as delay } from 'node:timers/promises';
import type { GenerationId, SlotAddress } from '../../rollout/slot.ts';
import { slotId } from '../../rollout/slot.ts';
import type {
  AppCounters,
  Balancer,
  NewServer,
  PoolDefinition,
  Registry,
  Share,
  ShareRenewal,
} from '../balancer.ts';
import * as changes from '../embedded/changes.ts';
import { portError, Refused } from '../embedded/refusal.ts';
import type { ServerRecord } from '../embedded/registry-state.ts';
import { addressesOf } from './addresses.ts';
import { RegistryMoved, unlessSilent } from './errors.ts';
import { Group } from './group.ts';
import type { HaproxyNode } from './node.ts';
import { place } from './place.ts';
import { portRegistry } from './port-registry.ts';
import { checkedName } from './quote.ts';
import { lowered, raises } from './splits.ts';
import { emptyState, type HaproxyState } from './state.ts';

/** While somebody waits for a check or a drain. */
const LOOK_SOON_MS = 25;
const LOOK_MS = 250;
/** Whoever raises an alert waits no longer than this for a record of what has happened already. */
const RECORD_WAIT_MS = 50;
/** Health is found out anew after a start; this gap keeps the revision from going backwards. */
const REVISION_GAP = 1000;

/**
 * The port over one HAProxy or several that are kept in step. The registry is stored beside each; what HAProxy itself
 * knows (health, requests under way) is asked of it. One change at a time, each applied to every HAProxy.
 */
export class HaproxyBalancer implements Balancer {
  readonly #group: Group;
  #state: HaproxyState = emptyState;
  #loaded: Promise<void> | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #pending = 0;
  #changesBegun = 0;
  #looking: Promise<void> | undefined;
  #loop: Promise<void> | undefined;
  readonly #closing = new AbortController();
  readonly #watchers = new Set<() => void>();
  /** How often an app's share was set to 0; a raise that was asked for before that must not come after it. */
  readonly #zeroed = new Map<string, number>();

  constructor(nodes: readonly HaproxyNode[]) {
    this.#group = new Group(nodes, () => this.#state);
  }

  async declare(pool: PoolDefinition, fence: number): Promise<void> {
    checkedName(pool.app);
    await this.#change(pool.app, fence, changes.declare(pool));
  }

  async forget(app: string, fence: number): Promise<void> {
    await this.#change(app, fence, changes.forget(app));
  }

  async register(server: NewServer, fence: number): Promise<void> {
    await this.#change(server.slot.app, fence, changes.register(server));
  }

  async admit(slot: SlotAddress, fence: number): Promise<void> {
    await this.#load();
    await this.#look();
    await this.#change(slot.app, fence, changes.admit(slot));
  }

  async drain(slot: SlotAddress, timeoutMs: number, fence: number): Promise<void> {
    await this.#change(slot.app, fence, changes.drain(slot, Date.now() + timeoutMs));
    this.#keepLooking();
  }

  async deregister(slot: SlotAddress, fence: number): Promise<void> {
    await this.#change(slot.app, fence, changes.deregister(slot));
  }

  async setShare(app: string, share: Share, fence: number): Promise<NonNullable<Registry['unreachable']>> {
    await this.#load();
    const zeroed = this.#zeroed.get(app) ?? 0;
    const change = changes.setShare(app, share);
    if (share.basisPoints > 0) {
      if (share.lease) await this.#renewOrSee({ app, canary: share.lease.canary, fence });
      await this.#change(app, fence, (state) =>
        (this.#zeroed.get(app) ?? 0) === zeroed ? change(state) : state,
      );
      return this.#unreachable;
    }
    // The one effect that comes before its record, and before whatever else is under way.
    this.#assertChange(app, fence, change);
    this.#zeroed.set(app, zeroed + 1);
    // To ask one that is away takes longer than an alert may wait, where another one can be told at once.
    if (this.#group.isAway) await this.#group.recall(this.#state);
    await this.#group.zeroShare(app, share.offset);
    const recorded = this.#change(app, fence, change);
    // It is in effect; what was begun before it, a reload say, may take its time with the record.
    recorded.catch(() => {});
    await Promise.race([recorded, delay(RECORD_WAIT_MS)]);
    return this.#unreachable;
  }

  get #unreachable(): NonNullable<Registry['unreachable']> {
    return this.#group.unreachable().unreachable ?? [];
  }

  async promote(app: string, generation: GenerationId, timeoutMs: number, fence: number): Promise<void> {
    const zeroed = this.#zeroed.get(app) ?? 0;
    const change = changes.promote(app, generation, Date.now() + timeoutMs);
    await this.#change(app, fence, (state) => {
      if ((this.#zeroed.get(app) ?? 0) !== zeroed) throw new Refused({ code: 'canary-taken-back', app });
      return change(state);
    });
    this.#keepLooking();
  }

  /** Waits for no change that is under way: a reload may take a while. */
  async renewShares(renewals: readonly ShareRenewal[]): Promise<readonly string[]> {
    await this.#load();
    const known = changes.renewable(this.#state.registry, renewals);
    return known.length === 0 ? [] : this.#group.renewShares(known);
  }

  /** A share that is still thought to stand, and cannot be renewed, was taken back. */
  async #renewOrSee(renewal: ShareRenewal): Promise<void> {
    const stands = changes.renewable(this.#state.registry, [renewal]).length > 0;
    if (stands && (await this.#group.renewShares([renewal])).length === 0)
      await this.#serially(() => this.#bringInStep());
  }

  async observe(): Promise<Registry> {
    await this.#load();
    await this.#look();
    this.#keepLooking();
    return this.#registry();
  }

  async *watch(signal: AbortSignal): AsyncGenerator<Registry> {
    let wake = () => {};
    const watcher = () => wake();
    this.#watchers.add(watcher);
    signal.addEventListener('abort', watcher);
    try {
      let revision = -1;
      while (!signal.aborted) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        if (this.#loaded === undefined || revision < 0) await this.observe().catch(() => undefined);
        if (this.#state.registry.revision !== revision) {
          ({ revision } = this.#state.registry);
          yield this.#registry();
          continue;
        }
        this.#keepLooking();
        await changed;
      }
    } finally {
      this.#watchers.delete(watcher);
      signal.removeEventListener('abort', watcher);
    }
  }

  async counters(): Promise<readonly AppCounters[]> {
    await this.#load();
    await this.#look();
    return this.#group.counters(this.#state);
  }

  /** Ends what goes on here. HAProxy goes on. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#queue.catch(() => {});
    await this.#loop;
    this.#group.close();
  }

  /** Carried out everywhere, then true here. Another controller's change in between is taken in first. */
  #change(app: string, fence: number, change: changes.Change): Promise<void> {
    const fenced: changes.Change = (state) => change(changes.fence(app, fence)(state));
    return this.#serially(async () => {
      await this.#load();
      for (;;) {
        try {
          return await this.#enact(fenced);
        } catch (error) {
          if (error instanceof Refused) throw portError(error.refusal);
          if (!(error instanceof RegistryMoved)) throw error;
          this.#loaded = undefined;
          await this.#load();
        }
      }
    });
  }

  async #enact(change: changes.Change): Promise<void> {
    const { registry } = this.#state;
    const next = change(registry);
    if (next === registry) return;
    const addressOf = await addressesOf(next, this.#state);
    await this.#group.recall(this.#state);
    const placed = place(this.#state, next, addressOf);
    const taken = raises(registry, next) ? await this.#group.guard(placed) : [];
    if (taken.reduce(lowered, placed) !== placed) {
      // A share was taken back before anybody looked: what is asked for is judged anew, on what is true now.
      const latest = taken.reduce(lowered, this.#state);
      if (latest === this.#state) throw new Error('the dead man’s switch knows of a share that nobody gave');
      this.#set(latest);
      return this.#enact(change);
    }
    await this.#group.apply(placed);
    // Health may have changed meanwhile: the change is made again, on what is true now.
    const latest = change(this.#state.registry);
    this.#set(place(this.#state, latest, addressOf));
  }

  /** Throws what the change would be refused with. */
  #assertChange(app: string, fence: number, change: changes.Change): void {
    try {
      change(changes.fence(app, fence)(this.#state.registry));
    } catch (error) {
      throw error instanceof Refused ? portError(error.refusal) : error;
    }
  }

  #serially(task: () => Promise<void>): Promise<void> {
    this.#pending += 1;
    this.#changesBegun += 1;
    const done = this.#queue.then(task).finally(() => {
      this.#pending -= 1;
    });
    this.#queue = done.catch(() => {});
    return done;
  }

  async #load(): Promise<void> {
    this.#loaded ??= this.#group.load().then((state) => {
      const { registry } = state;
      this.#state = { ...state, registry: { ...registry, revision: registry.revision + REVISION_GAP } };
    });
    await this.#loaded.catch((error: unknown) => {
      this.#loaded = undefined;
      throw error;
    });
  }

  /** Asks every HAProxy, and takes in what follows: health, drains that ended, one that is out of step. */
  async #look(): Promise<void> {
    this.#looking ??= this.#lookNow().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookNow(): Promise<void> {
    const state = this.#state;
    const calm = this.#pending === 0;
    const changesBegun = this.#changesBegun;
    await this.#group.look(state);
    if (this.#state.placements !== state.placements) return;
    let registry = this.#state.registry;
    for (const { id, slot } of servers(this.#state)) {
      const seen = this.#group.sighting(id);
      if (seen) registry = changes.health(slot, seen.healthy, seen.lastFailure)(registry);
    }
    if (registry !== this.#state.registry) this.#set({ ...this.#state, registry });
    if (!calm || this.#changesBegun !== changesBegun) return;
    // Nothing raises a share again that was seen lower: it may have been taken to 0 on the balancer's own machine.
    const given = this.#group.given(this.#state);
    const outOfStep = this.#group.outOfStep || given !== this.#state;
    if (given !== this.#state) this.#set(given);
    await this.#endDrains();
    if (outOfStep) void this.#serially(() => this.#bringInStep()).catch(() => {});
  }

  async #bringInStep(): Promise<void> {
    const taken = await this.#group.guard(this.#state).catch(unlessSilent([]));
    const latest = taken.reduce(lowered, this.#state);
    if (latest !== this.#state) this.#set(latest);
    await this.#group.apply(this.#state);
  }

  async #endDrains(): Promise<void> {
    for (const { id, slot, state, drainDeadline } of servers(this.#state)) {
      if (state !== 'draining') continue;
      const underWay = this.#group.sighting(id)?.underWay;
      if (underWay === undefined) continue;
      if (underWay > 0) {
        if (Date.now() >= (drainDeadline ?? 0)) await this.#group.cut(this.#state, id);
        continue;
      }
      void this.#takeOut(slot);
    }
  }

  async #takeOut(slot: SlotAddress): Promise<void> {
    await this.#serially(async () => {
      // It may have been admitted again meanwhile, or have got a request before it was drained everywhere.
      await this.#group.look(this.#state);
      if ((this.#group.sighting(slotId(slot))?.underWay ?? 1) > 0) return;
      await this.#enact(changes.takeOut(slot));
    }).catch(() => {});
  }

  #set(next: HaproxyState): void {
    const { revision } = this.#state.registry;
    this.#state = next;
    if (next.registry.revision !== revision) for (const watcher of [...this.#watchers]) watcher();
  }

  /** As long as someone watches or something is to happen by itself. */
  #keepLooking(): void {
    this.#loop ??= this.#lookOn().finally(() => {
      this.#loop = undefined;
    });
  }

  async #lookOn(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted && (this.#watchers.size > 0 || servers(this.#state).some(isDraining))) {
      await this.#look().catch(() => {});
      const soon = servers(this.#state).some((server) => isDraining(server) || !server.healthy);
      await delay(soon ? LOOK_SOON_MS : LOOK_MS, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  #registry(): Registry {
    const underWay = (id: string) => this.#group.sighting(id)?.underWay ?? 0;
    return { ...portRegistry(this.#state.registry, underWay), ...this.#group.unreachable() };
  }
}

function servers(state: HaproxyState): ServerRecord[] {
  return Object.values(state.registry.pools).flatMap((pool) => Object.values(pool.servers));
}

function isDraining({ state }: ServerRecord): boolean {
  return state === 'draining';
}
