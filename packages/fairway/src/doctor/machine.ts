/** Port: a machine that the doctor looks at. */
export interface Machine {
  /** A host's name, or CONTROL_MACHINE. */
  readonly name: string;
  /** How others reach it. */
  readonly address: string;
  readonly roles: readonly string[];
  /** Runs a program with exactly these arguments, without a shell. Throws only when it could not be run at all. */
  run(command: readonly string[]): Promise<ProgramEnd>;
}

export interface ProgramEnd {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}
