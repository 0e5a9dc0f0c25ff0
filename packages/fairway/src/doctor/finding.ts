/** What one check found out on one machine. */
export interface Finding {
  /** The machine: a host's name, or {@link CONTROL_MACHINE}. */
  readonly machine: string;
  /** What was looked at: `disk`, `clock`. */
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'failure';
  /** The fact, as a sentence without its full stop. */
  readonly message: string;
  /** What to do about it. */
  readonly next?: string;
}

/** A finding before it is known who found it where. */
export type Observation = Omit<Finding, 'machine' | 'check'>;

/** How the machine of the control server is called. */
export const CONTROL_MACHINE = 'control machine';

export function ok(message: string): Observation {
  return { status: 'ok', message };
}

export function warning(message: string, next: string): Observation {
  return { status: 'warning', message, next };
}

export function failure(message: string, next: string): Observation {
  return { status: 'failure', message, next };
}
