/** One commit, built once. Its files never change; its name says what is in it. */
export interface Release {
  readonly app: string;
  /** `<first 12 of the commit>-<first 12 of the artifact's SHA-256>`. */
  readonly id: string;
  /** Full commit id (40 hex), or the tree id of a directory that was deployed without a commit. */
  readonly commit: string;
  /** First line of the commit message, as written by its author: untrusted text. */
  readonly subject: string;
  readonly author: string;
  /** SHA-256 of the artifact in hex. */
  readonly sha256: string;
  /** Absolute path of the artifact, a `.tar.gz`, on the control machine. */
  readonly file: string;
  readonly sizeBytes: number;
  /** Unix time, ms. */
  readonly builtAt: number;
  /** Digest of everything in the configuration that the build depended on; another one means another build. */
  readonly buildKey: string;
  /** What the runtime found out, needed to launch: see {@link LaunchPlan}. */
  readonly launch: LaunchPlan;
}

/** How to start a release, as the runtime saw it when it built. `${NAME}` in an argument is replaced at launch. */
export interface LaunchPlan {
  readonly command: readonly string[];
  /** Relative to the unpacked release. */
  readonly directory: string;
  /** Folders, relative to the unpacked release, put in front of PATH (a Node of its own, `node_modules/.bin`). */
  readonly path: readonly string[];
}
