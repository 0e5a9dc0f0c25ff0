import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes the state directory, readable to its owner only, if it is not there. It often lies in an app's work tree and holds
 * tokens, so git is told to leave it alone: `git add .` must not commit it, and a push not deploy it.
 */
export function makeStateDirectory(path: string): void {
  make(path);
  try {
    writeFileSync(
      join(path, '.gitignore'),
      "# Fairway's state, tokens among it, belongs into no repository.\n*\n",
      {
        flag: 'wx',
      },
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** On a read-only file system node's recursive mkdir says ENOENT, which is no help: the plain one comes first. */
function make(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') mkdirSync(path, { recursive: true, mode: 0o700 });
    else if (code !== 'EEXIST') throw error;
  }
}
