import { constants, copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { packageCache } from './paths.ts';

const PACKAGE_FILE = /^[\w.+%~-]+\.deb$/;

/** Keeps what a running host downloaded, so that the hosts of later labs need not. apt checks each file before use. */
export function keepPackages(init: number): void {
  const archives = `/proc/${init}/root/var/cache/apt/archives`;
  if (!existsSync(archives)) return;
  mkdirSync(packageCache, { recursive: true, mode: 0o755 });
  for (const name of readdirSync(archives).filter((one) => PACKAGE_FILE.test(one))) {
    const kept = join(packageCache, name);
    if (existsSync(kept) || !lstatSync(join(archives, name)).isFile()) continue;
    const half = `${kept}.${init}`;
    copyFileSync(join(archives, name), half, constants.COPYFILE_FICLONE);
    renameSync(half, kept);
  }
}
