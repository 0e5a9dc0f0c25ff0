/** A checked `fairway.yml`: every default filled in, every reference and range resolved. Times in ms, sizes in bytes. */
export interface Production {
  readonly name: string;
  readonly provider: 'local' | 'ssh' | 'lab' | 'aws';
  /** Absolute path of the file it came from. */
  readonly file: string;
  readonly control: {
    /** Where the API listens. */
    readonly listen: ListenAddress;
  };
  readonly balancer: {
    readonly type: 'embedded' | 'haproxy';
    /** Where the apps' visitors connect. */
    readonly listen: ListenAddress;
  };
  /** Ports that instances may be given. */
  readonly ports: { readonly from: number; readonly to: number };
  readonly hosts: readonly Host[];
  readonly apps: readonly App[];
}

export interface ListenAddress {
  readonly address: string;
  /** 0: any free port, chosen once and kept. */
  readonly port: number;
}

export interface Host {
  readonly name: string;
  readonly address: string;
  readonly roles: readonly string[];
}

export type Runtime =
  | { readonly type: 'node'; readonly version?: string }
  | { readonly type: 'static' }
  | { readonly type: 'command' };

export interface App {
  readonly name: string;
  /** Where `fairway deploy` fetches from when there was no push. */
  readonly repository?: string;
  /** The app's folder within its repository, `.` for the root. */
  readonly directory: string;
  readonly runtime: Runtime;
  /** Program and arguments, or undefined: what the runtime does by itself. */
  readonly build?: readonly string[];
  readonly buildTimeoutMs: number;
  readonly start?: readonly string[];
  /** Environment variable that carries the port. */
  readonly portEnv: string;
  readonly instances: readonly InstanceSpec[];
  readonly health: {
    readonly path: string;
    readonly timeoutMs: number;
    readonly intervalMs: number;
    readonly rise: number;
    readonly fall: number;
    readonly status: { readonly from: number; readonly to: number };
    readonly headers: Readonly<Record<string, string>>;
    /** From start to the first time healthy; later, the release is refused. */
    readonly startTimeoutMs: number;
  };
  readonly route: {
    readonly hosts: readonly string[];
    readonly paths: readonly string[];
    readonly maxBodyBytes: number;
    readonly maxHeaderBytes: number;
    readonly algorithm: 'least-connections' | 'round-robin';
    readonly connectTimeoutMs: number;
    readonly firstByteTimeoutMs: number;
    readonly idleTimeoutMs: number;
  };
  readonly env: Readonly<Record<string, string>>;
  /** Names of environment variables whose values come from the secret store. */
  readonly secrets: readonly string[];
  readonly limits: { readonly memoryBytes?: number };
  readonly logs: { readonly maxBytes: number; readonly keep: number };
  readonly deploy: {
    readonly branch: string;
    readonly strategy: 'rolling';
    readonly maxUnavailable: number;
    /** Instances that may boot beside the old ones at once; 0: in place. */
    readonly surge: number;
    /** How long a new instance must serve before the next one is touched. */
    readonly soakMs: number;
    readonly drainTimeoutMs: number;
    readonly stopTimeoutMs: number;
    /** Without any progress for so long the rollout takes itself back. */
    readonly stallTimeoutMs: number;
    /** How many good releases to keep. */
    readonly keep: number;
    readonly hooks: { readonly beforeDeploy?: readonly string[]; readonly afterDeploy?: readonly string[] };
  };
}

export interface InstanceSpec {
  readonly name: string;
  readonly host: string;
}
