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
  readonly balancer: BalancerSettings;
  /** Ports that instances may be given. */
  readonly ports: { readonly from: number; readonly to: number };
  /** This machine first with provider `local`; otherwise only those of the file. */
  readonly hosts: readonly Host[];
  readonly provision: ProvisionSettings;
  readonly lab: {
    /** CIDR; undefined: one that is free. */
    readonly subnet?: string;
    readonly memoryBytes?: number;
    readonly diskBytes?: number;
  };
  /** Set with provider `aws`. */
  readonly aws?: AwsSettings;
  readonly apps: readonly App[];
}

export interface BalancerSettings {
  /** `embedded` with provider `local`, `haproxy` with any other. */
  readonly type: 'embedded' | 'haproxy';
  /** Where the apps' visitors connect. */
  readonly listen: ListenAddress;
  /** HTTPS as well; only with `haproxy`. */
  readonly tls?: {
    readonly listen: ListenAddress;
    /** Absolute folder of PEM files, each a chain with its private key; undefined: one self-signed certificate. */
    readonly certificatesDirectory?: string;
    /** Whether plain HTTP requests are sent on to HTTPS. */
    readonly redirect: boolean;
  };
}

/** How machines are set up. */
export interface ProvisionSettings {
  /** Logs in by SSH to set machines up. */
  readonly user: string;
  /** Whether it uses sudo to become root. */
  readonly become: boolean;
  /** Absolute folder of the user's own Ansible roles; it need not be there. */
  readonly rolesPath: string;
  /** The user's own roles: each runs on the hosts that name it, or on all if none does. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface AwsSettings {
  readonly region: string;
  readonly image: string;
  readonly instanceType: string;
  readonly subnet: string;
  /** Beside those that Fairway makes. */
  readonly securityGroups: readonly string[];
  /** Undefined: Fairway's own key is imported. */
  readonly keyName?: string;
  readonly endpointUrl?: string;
}

export interface ListenAddress {
  readonly address: string;
  /** 0: any free port, chosen once and kept. */
  readonly port: number;
}

export interface Host {
  readonly name: string;
  /** IP address or name. Undefined while the machine is still to be created (provider `lab` and `aws`). */
  readonly address?: string;
  /** The machine is Fairway's to create and destroy: its address is not in the file. */
  readonly isCreated: boolean;
  /** Those of `machine-roles.ts` and the user's own; `app` where an app's instances name the host. */
  readonly roles: readonly string[];
  readonly ssh: SshAccess;
}

/** How OpenSSH is told to reach a host. What is undefined is left to the user's ssh_config. */
export interface SshAccess {
  /** Deploys releases. */
  readonly user: string;
  readonly port?: number;
  /** Absolute paths. */
  readonly identityFile?: string;
  readonly configFile?: string;
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
  /** Which value of each secret: changes with the value, and tells nothing of it. Left out without secrets. */
  readonly secretRevisions?: Readonly<Record<string, string>>;
  readonly limits: {
    readonly memoryBytes?: number;
    /** In CPUs: 0.5 is half of one. Not held with provider `local`. */
    readonly cpu?: number;
  };
  readonly logs: { readonly maxBytes: number; readonly keep: number };
  readonly deploy: {
    readonly branch: string;
    readonly strategy: 'rolling' | 'canary';
    /** Set with strategy canary. */
    readonly canary?: CanarySettings;
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

/** How the next release is tried on a part of the users. */
export interface CanarySettings {
  readonly instances: number | 'auto';
  /** Shares in hundredths of a percent, growing; `manual`: until somebody promotes it. */
  readonly steps: readonly { readonly shareBasisPoints: number; readonly holdMs: number | 'manual' }[];
  /** How long the old instances stay warm once the new ones have all the traffic. */
  readonly bakeMs: number;
  /** Fractions: 1 % is 0.01. */
  readonly judge: {
    readonly errors: { readonly worseBy: number };
    readonly latency?: { readonly p95WorseBy: number };
    readonly minRequests: number;
  };
}

export interface InstanceSpec {
  readonly name: string;
  readonly host: string;
}
