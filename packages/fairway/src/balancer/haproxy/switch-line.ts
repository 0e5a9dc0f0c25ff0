import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { ShareRenewal, TrippedShare } from '../balancer.ts';
import { SwitchSilent } from './errors.ts';
import { LineClient } from './line-client.ts';
import type { HaproxyNode } from './node.ts';
import type { HaproxyState } from './state.ts';

const DEADLINE_MS = 2_000;
/** One that crashed is started again at once. */
const PATIENCE_MS = 1_000;
const TRY_AGAIN_AFTER_MS = 50;
/** Letting another canary begin changes what HAProxy's workers know. */
const KEEP_DEADLINE_MS = 4_000;

const answerSchema = z.object({
  id: z.number(),
  leases: z.record(z.string(), z.object({ canary: z.string() })).default({}),
  tripped: z.record(z.string(), z.object({ canary: z.string(), at: z.number() })).default({}),
  renewed: z.array(z.string()).default([]),
  error: z.string().optional(),
});
type Answer = z.infer<typeof answerSchema>;

/** What a dead man's switch watches, and what it took back. */
export interface SwitchState {
  readonly leases: Readonly<Record<string, { readonly canary: string }>>;
  readonly tripped: Readonly<Record<string, TrippedShare>>;
}

/** The client of `fairway-switch`. */
export class SwitchLine {
  readonly #name: string;
  readonly #client: LineClient<Answer>;
  #known: SwitchState | undefined;

  constructor(node: HaproxyNode) {
    this.#name = node.name;
    this.#client = new LineClient(
      'fairway-switch',
      () => node.openSwitch(),
      (line) => answerSchema.parse(line),
      (reason, cause) => new SwitchSilent(node.name, reason, cause),
    );
  }

  /** Whether it said last that it holds back an app for another canary than the one that is to have a share. */
  holdsBack({ registry }: HaproxyState): boolean {
    return Object.entries(registry.pools).some(
      ([app, { share }]) =>
        share.lease && this.#known?.tripped[app] && this.#known.tripped[app].canary !== share.lease.canary,
    );
  }

  look(): Promise<SwitchState> {
    return this.#ask({ do: 'look' }, DEADLINE_MS);
  }

  /** Begins the leases of this state that it does not watch yet. Those of canaries whose share was taken back stay over. */
  hold({ registry: { pools, fences } }: HaproxyState): Promise<SwitchState> {
    const leases = Object.entries(pools).flatMap(([app, { share }]) =>
      share.lease ? [{ app, ...share.lease, fence: fences[app] ?? 0 }] : [],
    );
    return this.#insist({ do: 'hold', leases }, DEADLINE_MS);
  }

  /** Answers with the apps whose lease begins again. */
  async renew(leases: readonly ShareRenewal[]): Promise<readonly string[]> {
    return (await this.#insist({ do: 'renew', leases }, DEADLINE_MS)).renewed;
  }

  /** Ends every other lease, and lets the canaries of this state have their share. */
  keep(state: HaproxyState): Promise<SwitchState> {
    const { pools, fences } = state.registry;
    const apps = Object.fromEntries(
      Object.entries(fences).map(([app, fence]) => [
        app,
        { known: app in pools, canary: pools[app]?.share.lease?.canary ?? null, fence },
      ]),
    );
    const request = { do: 'keep', apps };
    // One that nobody waits for is not said again: by then another state may be what is to be kept.
    return this.holdsBack(state)
      ? this.#insist(request, KEEP_DEADLINE_MS)
      : this.#ask(request, KEEP_DEADLINE_MS);
  }

  close(): void {
    this.#client.close();
  }

  /** Saying it twice does no harm. */
  async #insist(request: object, deadlineMs: number): Promise<Answer> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await this.#ask(request, deadlineMs);
      } catch (error) {
        if (!(error instanceof SwitchSilent) || Date.now() > until) throw error;
        await delay(TRY_AGAIN_AFTER_MS);
      }
    }
  }

  async #ask(request: object, deadlineMs: number): Promise<Answer> {
    const answer = await this.#client.ask(request, deadlineMs);
    if (answer.error !== undefined) throw new SwitchSilent(this.#name, `it refuses: ${answer.error}`);
    this.#known = answer;
    return answer;
  }
}

/** What to say to people of a switch that does not watch what it is to. */
export function switchDifferences({ registry }: HaproxyState, { leases, tripped }: SwitchState): string[] {
  return Object.entries(registry.pools).flatMap(([app, { share }]) => {
    const canary = share.lease?.canary;
    const isOver = canary !== undefined && tripped[app]?.canary === canary;
    if (leases[app]?.canary !== canary && !isOver)
      return [`its dead man's switch watches another share of ${app}`];
    return canary !== undefined && tripped[app] && tripped[app].canary !== canary
      ? [`its dead man's switch holds ${app} back`]
      : [];
  });
}
