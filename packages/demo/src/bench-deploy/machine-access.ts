import { execa } from 'execa';

export interface Machine {
  readonly name: string;
  readonly address: string;
}

/** Root on the lab's machines by the lab's own key, for what the peers need there. */
export class MachineAccess {
  readonly options: readonly string[];

  constructor({ privateKeyFile, knownHostsFile }: { privateKeyFile: string; knownHostsFile: string }) {
    this.options = [
      ...['-i', privateKeyFile, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
      ...['-o', `UserKnownHostsFile=${knownHostsFile}`, '-o', 'StrictHostKeyChecking=yes'],
    ];
  }

  async run(host: Machine, command: readonly string[]): Promise<void> {
    await execa('ssh', [...this.options, `root@${host.address}`, '--', ...command]);
  }

  async copy(host: Machine, from: string, to: string): Promise<void> {
    await execa('scp', ['-q', ...this.options, from, `root@${host.address}:${to}`]);
  }
}
