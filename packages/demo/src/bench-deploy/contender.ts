/** One way to bring a release to five machines behind HAProxy. */
export interface Contender {
  readonly name: string;
  /** Port of the balancer on which this contender's visitors come in. */
  readonly port: number;
  /** Host header of its visitors. */
  readonly hostname: string;
  /** Everything that comes before the first measured deploy; ends with a release that serves. */
  prepare(bootMs: number): Promise<void>;
  /** A whole update: resolves when the tool says that it is done. Answers with what the tool itself measured, if anything. */
  deploy(release: string): Promise<DeployNote | undefined>;
}

export interface DeployNote {
  /** From the rollout's start to its end, without the build, in seconds. */
  readonly rolloutSeconds: number;
  /** The slowest boot of an instance, from start to healthy, in seconds. */
  readonly slowestBootSeconds: number;
}
