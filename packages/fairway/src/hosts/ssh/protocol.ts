/** What `fairway-host` on the hosts speaks; raised when it and we would no longer understand each other. */
export const PROTOCOL = 1;

/** The one program that the deploy user may run as root; the role `app` puts it there. */
export const HOST_PROGRAM = ['sudo', '-n', '/usr/local/sbin/fairway-host'] as const;

export type Verb = 'offer' | 'start' | 'stop' | 'observe' | 'prune' | 'watch' | 'logs' | 'run';

/** Why a host did not do what it was asked; the other fields depend on the code. */
export interface HostError {
  readonly code: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** A line from the host: a greeting, a sign of life, or something about the request with that number. */
export interface HostMessage {
  readonly protocol?: number;
  readonly beat?: true;
  readonly id?: number;
  readonly event?: unknown;
  readonly result?: unknown;
  readonly error?: HostError;
}
