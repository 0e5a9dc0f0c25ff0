import { SshError } from '../../ssh/errors.ts';
import { DigestMismatch, ReleaseMissing, SlotOccupied, StaleFence } from '../hosts.ts';
import type { HostError } from './protocol.ts';

/** What the refused request was about, for the words of the error. */
export interface Asked {
  readonly host: string;
  readonly app: string;
  readonly slot?: string;
  readonly asked?: string;
}

/** A host has no room for what it was to write; nothing half done was kept. */
export class HostDiskFull extends SshError {
  override readonly name = 'HostDiskFull';
  readonly code = 'host-disk-full';
  constructor(host: string) {
    super(
      host,
      `the disk of ${host} is full: what was begun there was taken back`,
      'Free some space there, or keep fewer releases (deploy.keep), and deploy again',
    );
  }
}

/** The host side of Fairway is not there, may not be run, or is of another version. */
export class HostUnprepared extends SshError {
  override readonly name = 'HostUnprepared';
  readonly code = 'host-unprepared';
  constructor(host: string, reason: string) {
    super(host, `${host} is not prepared for apps: ${reason}`, 'Run "fairway provision", then try again');
  }
}

/** The host said no, for a reason that is not told apart. */
export class HostRefused extends SshError {
  override readonly name = 'HostRefused';
  readonly code: string;
  constructor(host: string, error: HostError) {
    super(host, `${host} refused: ${error.message}`, 'Correct that and try again');
    this.code = error.code;
  }
}

/** The error of the port for what a host answered. */
export function refusalOf(error: HostError, { host, app, slot, asked }: Asked): Error {
  const text = (field: string): string => String(error[field]);
  switch (error.code) {
    case 'stale-fence':
      return new StaleFence(app, Number(error.given), Number(error.known));
    case 'slot-occupied':
      return new SlotOccupied(slot ?? app, text('running'), asked ?? 'another');
    case 'release-missing':
      return new ReleaseMissing(app, text('release'), host);
    case 'digest-mismatch':
      return new DigestMismatch(asked ?? app, text('expected'), text('found'));
    case 'disk-full':
      return new HostDiskFull(host);
    default:
      return new HostRefused(host, error);
  }
}
