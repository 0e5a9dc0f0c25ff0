import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { directoryIdentity } from '../directory-identity.ts';
import { writePrivately } from '../private-file.ts';
import type { Store } from '../store/store.ts';
import type { ServerFile } from './api.ts';
import { newSecret } from './secrets.ts';

/** The token of whoever can read the state directory, as the audit names it. */
const LOCAL_TOKEN = 'local';

/**
 * Makes this server findable for programs of the same user, with an admin token. The store keeps no secrets, so each
 * start makes a new one and the one of the last start is void. Answers with what takes the file away again.
 */
export function announce(store: Store, stateDirectory: string, url: string): () => void {
  const old = store.tokens().find((token) => token.name === LOCAL_TOKEN);
  if (old) store.removeToken(old.id);
  const secret = newSecret();
  store.addToken({ name: LOCAL_TOKEN, role: 'admin', secret });
  const path = join(stateDirectory, 'server.json');
  const directory = directoryIdentity(stateDirectory);
  const file: ServerFile = { url, pid: process.pid, directory, token: secret };
  writePrivately(path, `${JSON.stringify(file, null, 2)}\n`);
  return () => {
    if (isMine(path)) rmSync(path, { force: true });
  };
}

function isMine(path: string): boolean {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as ServerFile).pid === process.pid;
  } catch {
    return false;
  }
}
