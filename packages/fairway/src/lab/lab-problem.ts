/** Something about the lab that a person can put right. */
export class LabProblem extends Error {
  override readonly name = 'LabProblem';
  readonly code: LabProblemCode;
  readonly hint: string | undefined;
  constructor(code: LabProblemCode, message: string, hint?: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.hint = hint;
  }
}

export type LabProblemCode =
  | 'lab-unavailable'
  | 'lab-input'
  | 'lab-missing'
  | 'lab-no-subnet'
  | 'lab-busy'
  | 'lab-base-image'
  | 'lab-host-off'
  | 'lab-host-silent'
  | 'lab-command';
