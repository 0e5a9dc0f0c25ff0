import type { ServerFile } from '../../server/api.ts';
import { isAlive, readServerFile } from '../client/location.ts';
import { Client } from '../client.ts';

/** The control server of a state directory if one answers; its pid is trusted only then, as pids are used again. */
export async function runningServer(stateDirectory: string): Promise<ServerFile | undefined> {
  const file = await readServerFile(stateDirectory).catch(() => undefined);
  if (!file || !isAlive(file.pid)) return undefined;
  const client = new Client({ whereabouts: { kind: 'given', url: file.url, token: file.token } });
  // What answers there must also accept this file's token: another server may have taken the port.
  return client.overview().then(
    () => file,
    () => undefined,
  );
}
