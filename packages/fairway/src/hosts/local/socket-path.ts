import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';

/** A unix socket's path fits 108 bytes on Linux and 104 on macOS, its end included; a little room is left. */
const longestSocketPathBytes = 100;

/** Not TMPDIR: a shell, a service and a git hook may each have another, and would look for the socket elsewhere. */
const shortFolder = '/tmp';

/**
 * Where the control socket `name` (such as `supervisor/supervisor.sock`) of a state directory lies: inside of it, or,
 * where that path is too long for a unix socket, in a private folder of `/tmp` named by a hash of it.
 * Creates the folder (0700). Throws {@link UnsafeSocketFolder} when someone else owns it.
 */
export function socketPath(stateDirectory: string, name: string): string {
  const inside = join(resolve(stateDirectory), name);
  const path = Buffer.byteLength(inside) <= longestSocketPathBytes ? inside : outside(stateDirectory, name);
  privateFolder(join(path, '..'));
  return path;
}

function outside(stateDirectory: string, name: string): string {
  const hash = createHash('sha256').update(resolve(stateDirectory)).digest('hex').slice(0, 12);
  const folder = join(shortFolder, `fairway-${userInfo().uid}-${hash}`);
  return join(folder, name.replaceAll('/', '-'));
}

function privateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== userInfo().uid) throw new UnsafeSocketFolder(folder, found.uid);
  if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
}

/** The folder for control sockets is there already, but it is not ours: whoever owns it could answer in our place. */
export class UnsafeSocketFolder extends Error {
  override readonly name = 'UnsafeSocketFolder';
  readonly code = 'unsafe-socket-folder';
  constructor(folder: string, owner: number) {
    super(
      `${folder} belongs to user ${owner}, not to user ${userInfo().uid}, so no control socket is put there; ` +
        'remove it, or set --state to a folder with a shorter path that is yours',
    );
  }
}
