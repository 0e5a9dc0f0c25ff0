import type { Host } from '../config/production.ts';
import type { SshConnection } from '../ssh/connection.ts';
import { CommandFailed } from '../ssh/errors.ts';
import type { Machine, ProgramEnd } from './machine.ts';

/** A host over an open connection. */
export function sshMachine(host: Host, connection: SshConnection, deadlineMs: number): Machine {
  return {
    name: host.name,
    address: host.address!,
    roles: host.roles,
    run: async (command): Promise<ProgramEnd> => {
      try {
        return { exitCode: 0, ...(await connection.run(command, { deadlineMs })) };
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        const { exitCode, stderr } = error;
        return { exitCode, stdout: '', stderr };
      }
    },
  };
}
