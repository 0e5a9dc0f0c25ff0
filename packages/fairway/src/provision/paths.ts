import { join } from 'node:path';

/** What provisioning keeps in a state directory. */
export function provisionPaths(stateDirectory: string) {
  return {
    /** Lets the control server in as the user who deploys; the public key is beside it. */
    deployKey: join(stateDirectory, 'ssh', 'id_ed25519'),
    knownHosts: join(stateDirectory, 'ssh', 'known_hosts'),
    /** Marks what is created from this directory. */
    id: join(stateDirectory, 'provision', 'id'),
    /** Held by the one command that works on the machines; and which one that is. */
    lock: join(stateDirectory, 'provision', 'lock'),
    holder: join(stateDirectory, 'provision', 'holder.json'),
    /** Passwords that provisioning has made up for servers of the production. */
    secrets: join(stateDirectory, 'provision', 'secrets.json'),
  };
}
