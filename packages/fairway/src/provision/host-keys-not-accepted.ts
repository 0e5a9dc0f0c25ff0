import { fingerprint, type HostKey, keyTypeName } from './host-keys.ts';

/** A host that shows a key which nobody knows yet. */
export interface UnknownHost {
  readonly host: string;
  readonly keys: readonly HostKey[];
}

/** `box1 (10.0.0.21)  ED25519 SHA256:…`, to be compared with what the machine's console shows. */
export function describeUnknownHosts(hosts: readonly UnknownHost[]): string[] {
  return hosts.flatMap(({ host, keys }) =>
    keys.map((key) => `${host} (${key.place})  ${keyTypeName(key.type)} ${fingerprint(key)}`),
  );
}

/** Nobody said that the keys which hosts show are theirs. */
export class HostKeysNotAccepted extends Error {
  override readonly name = 'HostKeysNotAccepted';
  readonly code = 'host-keys-not-accepted';
  readonly hint =
    'compare them with "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" on the machines, then: fairway provision --accept-host-keys';
  constructor(hosts: readonly UnknownHost[]) {
    super(
      ['these hosts are not known yet, so nothing was sent to them', ...describeUnknownHosts(hosts)].join(
        '\n',
      ),
    );
  }
}
