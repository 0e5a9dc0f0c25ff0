import type { Release } from '../build/release.ts';
import type { RolloutEvent } from '../rollout/events.ts';
import type { SlotName } from '../rollout/slot.ts';

/** An event as it lies in the journal. */
export interface JournalEntry {
  /** Grows by one over the whole production; also the id of live events. */
  readonly sequence: number;
  /** Unix time, ms. */
  readonly at: number;
  readonly app: string;
  readonly rollout: string;
  readonly event: RolloutEvent;
}

export type RolloutKind = 'deploy' | 'rollback' | 'apply' | 'remove';
export type RolloutStatus =
  | 'queued'
  | 'building'
  | 'moving'
  | 'succeeded'
  | 'taken-back'
  | 'failed'
  | 'superseded';

/** A rollout's row: what was asked, by whom, and how far it is. The rest is in its journal. */
export interface RolloutRecord {
  /** `<app>-<number>`, counted up per app: short enough to type. */
  readonly id: string;
  readonly app: string;
  readonly kind: RolloutKind;
  readonly status: RolloutStatus;
  /** What to build, or what to go back to; both undefined for `apply` and `remove`. */
  readonly commit?: string;
  readonly release?: string;
  readonly by: string;
  readonly why: string;
  readonly requestedAt: number;
  readonly finishedAt?: number;
  /** One sentence for people, once finished. */
  readonly outcome?: string;
}

export interface Lease {
  readonly app: string;
  readonly holder: string;
  /** Grows with every acquisition; effects carry it, so a controller that lost its lease can change nothing. */
  readonly fence: number;
  readonly expiresAt: number;
}

export interface AuditEntry {
  readonly sequence: number;
  readonly at: number;
  readonly by: string;
  /** `deploy`, `rollback`, `token.create` … */
  readonly action: string;
  readonly subject: string;
  readonly why: string;
}

export type Role = 'viewer' | 'deployer' | 'admin';

export interface TokenRecord {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly lastUsedAt?: number;
}

/** What an app runs now, and could go back to. Moved only when a rollout ends well. */
export interface Standing {
  readonly release: string;
  /** Digest of a pinned configuration. */
  readonly config: string;
  readonly rollout: string;
  readonly since: number;
}

/** Port: what must outlive the controller. Methods are atomic; `fence` as in `hosts/hosts.ts`. */
export interface Store {
  // rollouts and their journal
  createRollout(request: Omit<RolloutRecord, 'id' | 'status' | 'finishedAt' | 'outcome'>): RolloutRecord;
  /** Newest first. */
  rollouts(filter: { app?: string; unfinished?: boolean; limit?: number }): readonly RolloutRecord[];
  rollout(id: string): RolloutRecord | undefined;
  setStatus(id: string, status: RolloutStatus, outcome?: string): void;
  /**
   * Appends in one transaction, or throws StaleFence and appends nothing. No fence: the word of an operator, which is kept
   * whoever steers the app now.
   */
  append(
    app: string,
    rollout: string,
    events: readonly RolloutEvent[],
    fence: number | undefined,
  ): readonly JournalEntry[];
  journal(rollout: string): readonly JournalEntry[];
  /** All entries after `sequence`, oldest first. */
  journalSince(sequence: number, limit: number): readonly JournalEntry[];
  /** Of the newest entry; 0 while the journal is empty. */
  lastSequence(): number;

  // leases
  /**
   * Takes or renews the app's lease; undefined while another holder's has not expired. `lapsed` is an `expiresAt` that
   * the caller saw unchanged for as long as leases last: a lease that still has it is over, whatever the clocks say.
   */
  acquireLease(app: string, holder: string, durationMs: number, lapsed?: number): Lease | undefined;
  /** The lease that somebody has or had; undefined when nobody had one, or it was given back. */
  lease(app: string): Lease | undefined;
  releaseLease(lease: Lease): void;
  /** The newest fence that was given out for the app; 0: none yet. */
  fenceOf(app: string): number;
  /** Throws StaleFence when the app's lease was taken over since this fence was given out. */
  checkFence(app: string, fence: number): void;

  // releases
  addRelease(release: Release): void;
  findRelease(app: string, commit: string, buildKey: string): Release | undefined;
  release(app: string, id: string): Release | undefined;
  /** Newest first. */
  releases(app: string): readonly Release[];
  removeRelease(app: string, id: string): void;

  // what stands
  /** Names of the apps that something stands of. */
  apps(): readonly string[];
  /** Newest first: the present one, then those it replaced. */
  standings(app: string): readonly Standing[];
  recordStanding(app: string, standing: Standing): void;
  clearStandings(app: string): void;

  // pinned configurations, by digest
  pin(digest: string, json: string): void;
  pinned(digest: string): string | undefined;

  /**
   * The slot's port, the same until {@link movePort}. The first call picks one from `range` that no slot has and `isFree`
   * accepts, beginning at `first` and going round.
   */
  portFor(
    slot: { app: string; instance: string; slot: SlotName; host: string },
    range: { from: number; to: number; first?: number },
    isFree: (port: number) => Promise<boolean>,
  ): Promise<number>;
  /** Gives the slot another port in place of the one it has, picked in the same way. */
  movePort(...slot: Parameters<Store['portFor']>): Promise<number>;
  releasePorts(app: string, instance?: string): void;

  // people
  audit(entry: Omit<AuditEntry, 'sequence' | 'at'>): void;
  audits(filter: { limit: number; before?: number }): readonly AuditEntry[];
  /** Keeps SHA-256 of `secret` only. Throws {@link TokenNameTaken}. */
  addToken(token: { name: string; role: Role; secret: string }): TokenRecord;
  findToken(secret: string): TokenRecord | undefined;
  tokens(): readonly TokenRecord[];
  removeToken(id: string): boolean;

  /** All that the work changes in the store, or nothing of it when it throws. Within another one it is a part of that. */
  transaction<Result>(work: () => Result): Result;
  close(): void;
}

/** Another token has the name; names are unique because the audit names people by them. */
export class TokenNameTaken extends Error {
  override readonly name = 'TokenNameTaken';
  readonly code = 'token-name-taken';
  readonly hint = 'Choose another name, or remove that token first.';
  constructor(tokenName: string) {
    super(`There is a token named ${tokenName} already`);
  }
}
