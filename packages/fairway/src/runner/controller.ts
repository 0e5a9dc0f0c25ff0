import type { Pool } from '../balancer/balancer.ts';
import type { Release } from '../build/release.ts';
import type { App, Production } from '../config/production.ts';
import type { LogLine, LogQuery, SlotProcess } from '../hosts/hosts.ts';
import type { JournalEntry, RolloutKind, RolloutRecord, Standing } from '../store/store.ts';
import type { CanaryProgress } from './drive.ts';
import type { ReleaseStanding } from './good-releases.ts';

/** Who asks for something, and why: kept in the journal and the audit. */
export interface Request {
  readonly by: string;
  readonly why: string;
}

/** One app at one moment: what stands, what the hosts run, what the balancer serves. */
export interface AppOverview {
  readonly app: string;
  /** Undefined for an app that runs but is no longer in the file. */
  readonly config?: App;
  readonly standing?: Standing & {
    readonly subject: string;
    readonly author: string;
    readonly commit: string;
  };
  readonly pool?: Pool;
  readonly processes: readonly SlotProcess[];
  /** How far the rollout is with a part of the users. */
  readonly canary?: CanaryProgress;
  /** The unfinished rollout, and those queued behind it. */
  readonly rollout?: RolloutRecord;
  readonly queued: readonly RolloutRecord[];
  readonly lastRollout?: RolloutRecord;
}

/** What an alert came to. */
export interface Taken {
  /** Those that are taken back; none when nothing was tried. */
  readonly rollouts: readonly string[];
  /** Balancers that could not be told, and may send users to the canary for as long as their lease lasts. */
  readonly unreached: readonly string[];
}

export interface Overview {
  readonly production: string;
  /** Unix time, ms. */
  readonly at: number;
  readonly apps: readonly AppOverview[];
  /** What the configuration file cannot be read for, if so; what runs keeps running. */
  readonly configProblems: readonly string[];
  /** Where visitors connect. */
  readonly balancerUrl: string;
  /** Set when hosts or the balancer could not be asked. */
  readonly unreachable: readonly string[];
}

/** What a rollout would do, in order, without doing it. */
export interface Preview {
  readonly app: string;
  readonly kind: RolloutKind;
  readonly summary: string;
  readonly steps: readonly string[];
}

/**
 * What the server (and so CLI, hooks and page) can ask for. Every method that changes something first checks that it
 * can be done at all and throws a {@link Refusal} otherwise, with nothing changed.
 */
export interface Controller {
  /** Reads and checks `fairway.yml` as it is now. Throws ConfigProblems (`config/`). */
  production(): Promise<Production>;
  overview(): Promise<Overview>;
  /** Where the app's pushes go; created on first use. */
  repository(app: string): Promise<string>;
  /** Builds `commit` (of the app's bare repository) if needed and rolls it out; queued while another rollout runs. */
  deploy(app: string, commit: string, request: Request): Promise<RolloutRecord>;
  /** Fetches from the app's `repository:` the newest commit of the branch (or `commit`) and deploys it. */
  deployFromRepository(app: string, commit: string | undefined, request: Request): Promise<RolloutRecord>;
  /** Deploys a directory's files (its git work tree if it is one, tracked and untracked but not ignored). */
  deployDirectory(app: string, directory: string, request: Request): Promise<RolloutRecord>;
  /** To the previous good release, or to a named kept one. No build. */
  rollback(app: string, release: string | undefined, request: Request): Promise<RolloutRecord>;
  /** Adopts the file: one rollout per app whose running configuration differs. */
  apply(request: Request): Promise<readonly RolloutRecord[]>;
  previewApply(): Promise<readonly Preview[]>;
  previewDeploy(app: string, commit: string | undefined): Promise<Preview>;
  previewRollback(app: string, release: string | undefined): Promise<Preview>;
  /** Ends the rollout now: whatever was touched is taken back. */
  abort(rollout: string, request: Request): Promise<RolloutRecord>;
  pause(rollout: string, request: Request): Promise<RolloutRecord>;
  resume(rollout: string, request: Request): Promise<RolloutRecord>;
  /** Ends the present step of a canary, or (`all`) every step before everything is given to the new release. */
  promote(rollout: string, request: Request, all: boolean): Promise<RolloutRecord>;
  /** Something is wrong with an app: no more of its traffic goes to a canary once this has answered. */
  alert(app: string, request: Request): Promise<Taken>;
  /** Starts the balancer again with its listening socket handed over. */
  restartBalancer(request: Request): Promise<void>;
  rollouts(app: string | undefined, limit: number): readonly RolloutRecord[];
  rollout(id: string): RolloutRecord | undefined;
  releases(app: string): readonly (Release & { readonly standing: ReleaseStanding })[];
  /** Entries after `sequence`, then live ones, until the signal aborts. One rollout's only, if named; ends with it. */
  events(after: number, rollout: string | undefined, signal: AbortSignal): AsyncIterable<JournalEntry>;
  logs(app: string, query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine>;
  /** Runs a one-off command in the environment of the app's current release. */
  run(
    app: string,
    command: readonly string[],
    signal: AbortSignal,
  ): Promise<{ lines: AsyncIterable<string>; exitCode: Promise<number> }>;
  /** Before a push is accepted: throws the {@link Refusal} that the person pushing shall read. */
  checkPush(app: string, update: PushUpdate): Promise<void>;
}

/** One ref of a push, as `pre-receive` is given it. `environment`: git's quarantine variables. */
export interface PushUpdate {
  readonly ref: string;
  readonly oldCommit: string;
  readonly newCommit: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A request that cannot be met as asked; nothing was changed. `status` is the HTTP status it maps to. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: string;
  readonly status: 400 | 404 | 409 | 422 | 503;
  readonly hint: string | undefined;
  constructor(status: Refusal['status'], code: string, message: string, hint?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}
