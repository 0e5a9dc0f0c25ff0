import type { Machines } from './machines.ts';

/** What a `fairway.yml` means depends on, beside its own text. */
export interface FileSurroundings {
  /** Those that were created, whose addresses are not in the file. */
  readonly machines: Machines;
  /** The revision of a secret's present value, undefined without one. Left out: secrets are not looked at. */
  readonly secretRevision?: (production: string, app: string, name: string) => string | undefined;
}
