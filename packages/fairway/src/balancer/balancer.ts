import type { GenerationId, SlotAddress, SlotId } from '../rollout/slot.ts';

/** Which side of a split a server is on. Without a canary every server is `baseline`. */
export type Side = 'baseline' | 'canary';

/** How requests find an app and how its servers are treated. Times in ms, sizes in bytes. */
export interface PoolDefinition {
  readonly app: string;
  readonly route: {
    /** Host names, without port; empty: any host. `*.example.org` matches one label. */
    readonly hosts: readonly string[];
    /** Path prefixes, each beginning with `/`; the longest match over all apps wins. */
    readonly paths: readonly string[];
    readonly maxBodyBytes: number;
    readonly maxHeaderBytes: number;
  };
  readonly health: {
    readonly path: string;
    readonly intervalMs: number;
    readonly timeoutMs: number;
    /** Passed checks in a row until a server counts as healthy, failed ones until it does not. */
    readonly rise: number;
    readonly fall: number;
    /** Accepted status codes, both ends included. */
    readonly status: { readonly from: number; readonly to: number };
    /** Extra request headers, for example `host`. */
    readonly headers: Readonly<Record<string, string>>;
  };
  readonly algorithm: 'least-connections' | 'round-robin';
  readonly timeouts: {
    /** To open a connection to an instance. */
    readonly connectMs: number;
    /** Between two bytes of an answer, and between two of a request’s body. */
    readonly idleMs: number;
    /** From the request to the answer's first byte. */
    readonly firstByteMs: number;
  };
}

export type ServerState =
  /** Known and health-checked, but takes no traffic: before admission, or after draining. */
  | 'out'
  /** Takes new requests while it is healthy. */
  | 'serving'
  /** Takes no new request; the ones under way may end until `drainDeadline`. */
  | 'draining';

/** One server of a pool, as the balancer itself sees it. */
export interface PoolServer {
  readonly slot: SlotAddress;
  readonly id: SlotId;
  readonly host: string;
  readonly port: number;
  readonly side: Side;
  readonly generation: GenerationId;
  readonly state: ServerState;
  /** By the active checks. A fresh server is not healthy until `rise` checks have passed. */
  readonly healthy: boolean;
  /** What the last failed check said, for people: `connection refused`, `503 after 12 ms`. */
  readonly lastFailure?: string;
  /** Requests and WebSockets under way. */
  readonly inFlight: number;
  /** Unix time, ms. */
  readonly drainDeadline?: number;
}

export interface Pool {
  readonly definition: PoolDefinition;
  readonly servers: readonly PoolServer[];
  readonly share: Share & {
    /** The lease ended: the balancer took the share to 0 by itself. Stays until another canary gets a share. */
    readonly tripped?: TrippedShare;
  };
}

/** The canary's part of new users, in hundredths of a percent, and where on the ring it begins (0–9999). */
export interface Share {
  readonly basisPoints: number;
  readonly offset: number;
  readonly lease?: ShareLease;
}

/** A share that the balancer takes to 0 by itself, where nobody renews it for so long. */
export interface ShareLease {
  /** Whose it is, such as a rollout's id: once the share was taken from this canary, it gets none any more. */
  readonly canary: string;
  readonly leaseMs: number;
}

export interface TrippedShare {
  readonly canary: string;
  /** Unix time in ms, by the balancer's clock. */
  readonly at: number;
}

export interface ShareRenewal {
  readonly app: string;
  readonly canary: string;
  readonly fence: number;
}

/** The balancer's own record at one moment. `revision` grows with every change of it. */
export interface Registry {
  readonly revision: number;
  /** Unix time in ms, by the balancer's clock. */
  readonly at: number;
  readonly pools: Readonly<Record<string, Pool>>;
  /** Of several balancers that are kept in step, those that do not answer: they may serve as they last were told. */
  readonly unreachable?: readonly { readonly name: string; readonly reason: string }[];
}

/** Totals since the server was registered; they never fall while it is. */
export interface ServerCounters {
  readonly id: SlotId;
  readonly generation: GenerationId;
  readonly side: Side;
  readonly requests: number;
  /** Answers by class: 1xx, 2xx, 3xx, 4xx, 5xx. */
  readonly answers: readonly [number, number, number, number, number];
  /** Requests that got no answer from this server: refused, reset, timed out. */
  readonly failures: number;
  /** Of these, the ones that another server then answered. */
  readonly retried: number;
  /** Requests per upper bound of {@link LATENCY_BOUNDS_MS} (cumulative, as Prometheus counts). */
  readonly latencyBuckets: readonly number[];
  readonly latencySumMs: number;
}

/** Upper bounds of the latency histogram, in ms; one more bucket, +Inf, follows. */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 2000, 5000, 10000, 30000,
];

export interface AppCounters {
  readonly app: string;
  readonly servers: readonly ServerCounters[];
  /** Requests of the app that no server answered: none serving, body too large, denied. By status sent. */
  readonly unserved: Readonly<Record<string, number>>;
}

/**
 * Port: what spreads an app's traffic over its instances. It stores the registry of instances.
 *
 * Every call is idempotent. Calls that change something carry the `fence` of the app's lease; a lower one than the
 * highest seen for the app is refused with StaleFence (`hosts/hosts.ts`).
 */
export interface Balancer {
  /** Adds or changes a pool. Its servers stay. A route that another app holds is refused with {@link RouteTaken}. */
  declare(pool: PoolDefinition, fence: number): Promise<void>;
  /** Removes a pool and every server in it. */
  forget(app: string, fence: number): Promise<void>;
  /**
   * Makes a server known, `out`, and begins to check it. Nothing if it is known with the same address and generation;
   * with another it is replaced. An app that was not declared is refused with {@link UnknownPool}.
   */
  register(server: NewServer, fence: number): Promise<void>;
  /** Gives a healthy server traffic. An unhealthy or unknown one is refused with {@link NotHealthy}, and stays `out`. */
  admit(slot: SlotAddress, fence: number): Promise<void>;
  /** No new requests; what is under way may end until the deadline, then its connections are closed. Answers at once. */
  drain(slot: SlotAddress, timeoutMs: number, fence: number): Promise<void>;
  /** Forgets a server. Whatever was still under way on it is closed. */
  deregister(slot: SlotAddress, fence: number): Promise<void>;
  /**
   * Sets the canary's share. 0 takes every user back with their next request, ahead of whatever else is under way, and ends
   * the lease. With a lease it stands for that time, from now; without one, the lease that there is goes on. After the share
   * was taken from a canary, only another one may have one: everything else above 0 is refused with {@link ShareTripped}.
   * Answers which of several balancers could not be told: those go on as before until they can be reached again.
   */
  setShare(app: string, share: Share, fence: number): Promise<NonNullable<Registry['unreachable']>>;
  /**
   * Makes the canary the baseline at one stroke: servers of `generation` serve everybody, the other ones of the baseline get
   * no new requests and may end what is under way, and the share is 0. No request is lost or goes back to an old server.
   * Again, it does nothing. A canary that was taken back meanwhile is refused with {@link CanaryTakenBack}.
   */
  promote(app: string, generation: GenerationId, timeoutMs: number, fence: number): Promise<void>;
  /**
   * Lets these shares stand for their leases from now: cheap, to be called several times per lease. Answers with the apps
   * for which it did so. One that is missing has no such share (any more), or nobody who would take it back.
   */
  renewShares(renewals: readonly ShareRenewal[]): Promise<readonly string[]>;
  observe(): Promise<Registry>;
  /** Yields the registry after every change of it, the present one first. Ends when the signal aborts. */
  watch(signal: AbortSignal): AsyncIterable<Registry>;
  counters(): Promise<readonly AppCounters[]>;
}

export interface NewServer {
  readonly slot: SlotAddress;
  readonly host: string;
  readonly port: number;
  readonly side: Side;
  readonly generation: GenerationId;
  /** How this server is checked, where its release wants another check than the pool's: old and new ones differ then. */
  readonly health?: PoolDefinition['health'];
}

export class NotHealthy extends Error {
  override readonly name = 'NotHealthy';
  readonly code = 'not-healthy';
  constructor(id: string, lastFailure: string | undefined) {
    super(`${id} cannot be admitted: ${lastFailure ?? 'it has not passed its health check yet'}`);
  }
}

export class RouteTaken extends Error {
  override readonly name = 'RouteTaken';
  readonly code = 'route-taken';
  constructor(app: string, route: string, holder: string) {
    super(`${app}: the route ${route} belongs to ${holder}; give one of them another host or path`);
  }
}

export class CanaryTakenBack extends Error {
  override readonly name = 'CanaryTakenBack';
  readonly code = 'canary-taken-back';
  constructor(app: string) {
    super(`${app}: the canary was taken back, its share is 0: it cannot be promoted any more`);
  }
}

export class ShareTripped extends Error {
  override readonly name = 'ShareTripped';
  readonly code = 'share-tripped';
  constructor(app: string, { canary, at }: TrippedShare) {
    super(
      `${app}: the balancer took the share of the canary ${canary} to 0 at ${new Date(at).toISOString()}, because nobody had ` +
        'renewed it in time. It stays there until another canary begins: deploy once more',
    );
  }
}

export class UnknownPool extends Error {
  override readonly name = 'UnknownPool';
  readonly code = 'unknown-pool';
  constructor(app: string) {
    super(`${app}: the balancer has no pool of this name; declare it first`);
  }
}
