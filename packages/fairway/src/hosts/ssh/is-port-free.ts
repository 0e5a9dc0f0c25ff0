import type { SshConnection } from '../../ssh/connection.ts';

const DEADLINE_MS = 5_000;

/** Whether nothing on the host listens on the port. */
export async function isRemotePortFree(connection: SshConnection, port: number): Promise<boolean> {
  const words = ['ss', '--no-header', '--listening', '--tcp', '--numeric', 'sport', '=', `:${port}`];
  const { stdout } = await connection.run(words, { deadlineMs: DEADLINE_MS });
  return stdout.trim() === '';
}
