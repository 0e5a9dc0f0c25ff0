/** What a script may rely on; `fairway --help` says the same. */
export const EXIT = {
  success: 0,
  /** It was tried and did not work: a deploy failed or was taken back, the server refused it. */
  failed: 1,
  /** Wrong usage or configuration: nothing was tried. */
  usage: 2,
  /** The control server cannot be reached. */
  unreachable: 3,
  /** Ctrl-C, as shells count it: 128 + SIGINT. What the server was asked for goes on. */
  interrupted: 130,
} as const;

export type ExitCode = number;

/** Wrong usage that the parser cannot see: says what was found, and what to type instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'usage';
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
