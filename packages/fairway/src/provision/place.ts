/** Where provisioning works, and what may end it. */
export interface ProvisionPlace {
  /** Absolute path of `fairway.yml`. */
  readonly configFile: string;
  readonly stateDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export interface CreationPlace extends ProvisionPlace {
  /** Progress in words, a line each. */
  say(line: string): void;
}
