import type { GenerationId, SlotAddress } from '../rollout/slot.ts';

/** What to run in a slot. Everything is resolved: no reference, no shell, no default is left to the host. */
export interface Launch {
  readonly generation: GenerationId;
  /** The release's id; it must have been installed on the host before. */
  readonly release: string;
  /**
   * Program and arguments, handed to the system without a shell. `${NAME}` in an argument is replaced from the
   * environment; a name that is not in it stays as it is.
   */
  readonly command: readonly string[];
  /** Working directory, relative to the unpacked release. */
  readonly directory: string;
  /** Folders, relative to the unpacked release, put in front of PATH. */
  readonly path?: readonly string[];
  /** The whole environment, apart from PATH, HOME and LANG, which the host sets where they are absent. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Variables beside `env` that must never be shown: the host keeps them in one file per slot that only its owner can read,
   * and nowhere else. `${NAME}` in the command is not replaced by them.
   */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly port: number;
  /** Resident memory of the whole process group, in bytes; above it the instance is restarted and says why. */
  readonly memoryLimitBytes?: number;
  /** CPUs that the whole process group may use: 0.5 is half of one. Only hosts with systemd hold it. */
  readonly cpuLimit?: number;
  /** From SIGTERM to SIGKILL. */
  readonly stopTimeoutMs: number;
  /** The log of the slot is set aside once it is larger, and so many older ones are kept. */
  readonly log?: { readonly maxBytes: number; readonly keep: number };
}

export type ProcessState =
  /** Alive. Whether it is healthy is the balancer's to say. */
  | 'running'
  /** Ended by itself; will be started again at `nextStartAt`. */
  | 'backoff'
  /** Told to end, not yet gone. */
  | 'stopping'
  /** Not running and not wanted. */
  | 'stopped'
  /** Its host cannot be reached now; everything else is what was seen there last. It may well run and serve. */
  | 'unknown';

/** What runs in a slot, as its host sees it. */
export interface SlotProcess {
  readonly slot: SlotAddress;
  readonly host: string;
  readonly state: ProcessState;
  readonly generation: GenerationId;
  readonly port: number;
  readonly pid?: number;
  /** Unix time, ms. */
  readonly startedAt?: number;
  /** How often it ended by itself since it was told to start with this generation. */
  readonly restarts: number;
  readonly nextStartAt?: number;
  /** How it last ended, in words: `exit code 1`, `killed by SIGSEGV`, `over its memory limit of 256 MB`. */
  readonly lastExit?: { readonly at: number; readonly reason: string };
}

/** A tarball on the control machine, named by its digest. */
export interface Artifact {
  readonly app: string;
  readonly release: string;
  /** Absolute path of the `.tar.gz` on the control machine. */
  readonly file: string;
  /** SHA-256 of that file, in hex; the host verifies it before it unpacks. */
  readonly sha256: string;
}

export interface LogLine {
  readonly slot: SlotAddress;
  readonly text: string;
}

export interface LogQuery {
  /** Only this instance; all of the app's otherwise. */
  readonly instance?: string;
  /** How many of the last lines to begin with, of each slot. */
  readonly lines: number;
  /** Of each slot only what the generation has written that was started in it last. */
  readonly sinceStart?: boolean;
  /** Go on with new lines until the signal aborts. */
  readonly follow: boolean;
}

/**
 * Port: the machines that instances run on. One adapter serves all hosts of its kind (`local`, `ssh`).
 *
 * Every call is idempotent, so that it can be repeated after a crash. Calls that change something carry the `fence`
 * of the app's lease; a host refuses a fence lower than the highest it has seen for the app with {@link StaleFence}.
 */
export interface Hosts {
  /** Puts a release on a host: verifies the digest, unpacks beside the others, then names it. Nothing if it is there. */
  install(host: string, artifact: Artifact, fence: number): Promise<void>;
  /** Runs `launch` in the slot, and keeps it running. Nothing if that generation runs there already; another is an error. */
  start(host: string, slot: SlotAddress, launch: Launch, fence: number): Promise<void>;
  /** SIGTERM, then SIGKILL at the launch's deadline, to the process group. Resolves when nothing of it runs. */
  stop(host: string, slot: SlotAddress, fence: number): Promise<void>;
  /**
   * Every slot of the app that is known to any host, running or not. A host that cannot be reached does not hide the
   * others: its slots are told as they were seen last, with state `unknown`.
   */
  observe(app: string): Promise<readonly SlotProcess[]>;
  /** The hosts that did not answer when they were last asked, by name, with the reason. Absent where that cannot be. */
  unreachable?(): ReadonlyMap<string, string>;
  /** Yields whenever something may have changed for the app: a start, an exit. Ends when the signal aborts. */
  watch(app: string, signal: AbortSignal): AsyncIterable<void>;
  logs(app: string, query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine>;
  /** Runs a command once in a release (hooks, one-off commands): its output line by line, then its exit code. */
  run(host: string, app: string, launch: Launch, signal: AbortSignal): RunningCommand;
  /** Removes the app's releases on the host that are neither in `keep` nor running. */
  prune(host: string, app: string, keep: readonly string[], fence: number): Promise<void>;
}

export interface RunningCommand {
  readonly lines: AsyncIterable<string>;
  readonly exitCode: Promise<number>;
}

/** A change was refused because another controller holds a newer lease of the app. */
export class StaleFence extends Error {
  override readonly name = 'StaleFence';
  readonly code = 'stale-fence';
  constructor(app: string, given: number, known: number) {
    super(`${app}: refused, lease ${given} was superseded by lease ${known}`);
  }
}

/** An artifact is not the one that was asked for; nothing of it was unpacked. */
export class DigestMismatch extends Error {
  override readonly name = 'DigestMismatch';
  readonly code = 'digest-mismatch';
  constructor(release: string, expected: string, found: string) {
    super(
      `release ${release} was not installed: its artifact has SHA-256 ${found}, but ${expected} was expected; ` +
        'the file was damaged or replaced after it was built, so build it again',
    );
  }
}

/** A slot was told to start something while something else runs in it. */
export class SlotOccupied extends Error {
  override readonly name = 'SlotOccupied';
  readonly code = 'slot-occupied';
  constructor(slot: string, running: string, asked: string) {
    super(`${slot} runs ${running}, so ${asked} cannot start in it; stop the slot first`);
  }
}

/** A slot was told to run a release that its host does not have. */
export class ReleaseMissing extends Error {
  override readonly name = 'ReleaseMissing';
  readonly code = 'release-missing';
  constructor(app: string, release: string, host: string) {
    super(`${app}: release ${release} is not installed on ${host}; install it, then start it`);
  }
}
