import { dirname } from 'node:path';
import { socketPath } from '../hosts/local/socket-path.ts';

/** What ssh adds to the folder: a slash, 40 digits of `%C`, and 17 characters while it creates the socket. */
const SOCKET_NAME = 's'.repeat(1 + 40 + 17);

/** The private folder for ssh's control sockets of a state directory, short enough for them. Creates it. */
export function controlFolder(stateDirectory: string): string {
  return dirname(socketPath(stateDirectory, `ssh/${SOCKET_NAME}`));
}
