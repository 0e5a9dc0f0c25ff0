import { destinationOf } from '../ssh/connection-failure.ts';
import type { SshTarget } from '../ssh/target.ts';
import { fingerprint, type HostKey, keyTypeName } from './host-keys.ts';

/** A host shows another key than the one that was learned. Nothing was sent to it. */
export class ChangedHostKey extends Error {
  override readonly name = 'ChangedHostKey';
  readonly code = 'host-key-changed';
  readonly hint: string;
  constructor(target: SshTarget, learned: readonly HostKey[], shown: readonly HostKey[]) {
    super(
      [
        `${target.name} (${destinationOf(target)}) shows another host key than before, so nothing was sent to it`,
        `learned: ${described(learned)}`,
        `shown:   ${described(shown)}`,
      ].join('\n'),
    );
    const place = shown[0]?.place ?? target.address;
    this.hint =
      'was the machine installed anew? Compare with "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" on its console, then\n' +
      `  ssh-keygen -R '${place}' -f ${target.knownHostsFile}\n` +
      '  fairway provision\n' +
      'Otherwise someone else answers at its address.';
  }
}

function described(keys: readonly HostKey[]): string {
  return keys.map((key) => `${keyTypeName(key.type)} ${fingerprint(key)}`).join(', ') || 'none';
}
