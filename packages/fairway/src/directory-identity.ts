import { statSync } from 'node:fs';

/**
 * Tells a folder from a copy of it: its inode, which stays when the folder is moved within its file system. (Not its
 * device: the numbers of some file systems change with every boot.) A state directory is sometimes copied while it is in
 * use, to have a second production like it; what its files say of processes is then true of the first one only.
 */
export function directoryIdentity(folder: string): string {
  return String(statSync(folder, { bigint: true }).ino);
}
