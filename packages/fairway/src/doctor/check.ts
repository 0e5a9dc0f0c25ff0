import type { Production } from '../config/production.ts';
import type { Observation } from './finding.ts';
import type { Machine } from './machine.ts';

/** One thing that the doctor looks at on each machine that it concerns. */
export interface Check {
  /** One or two words. */
  readonly name: string;
  concerns(machine: Machine): boolean;
  examine(machine: Machine, patient: Patient): Promise<readonly Observation[]>;
}

/** What checks may know beside the machine that they look at. */
export interface Patient {
  readonly production: Production;
  readonly stateDirectory: string;
  readonly keyFile: string;
  /** Every machine that can be reached, by name. */
  readonly machines: ReadonlyMap<string, Machine>;
  /** Unix time, ms. */
  now(): number;
}

/** For {@link Check.concerns}: hosts with one of the roles. */
export function withRole(...roles: readonly string[]): (machine: Machine) => boolean {
  return (machine) => machine.roles.some((role) => roles.includes(role));
}
