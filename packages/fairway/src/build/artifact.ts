import { createHash, randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { Pack } from 'tar';
import { BuildFailed } from './build-failed.ts';

export interface ArtifactContent {
  /** Every path of the release, sorted, relative to the folder. */
  readonly paths: readonly string[];
  /** Those of them that are files. */
  readonly files: readonly string[];
}

/**
 * Lists what of a folder belongs into a release: everything but git's own data. Links are made relative; one that
 * leaves the folder could mean anything on another machine and is an error.
 */
export async function artifactContent(folder: string): Promise<ArtifactContent> {
  const paths: string[] = [];
  const files: string[] = [];
  const visit = async (parent: string): Promise<void> => {
    const entries = await readdir(join(folder, parent), { withFileTypes: true });
    for (const entry of entries.sort((one, other) => compareBytes(one.name, other.name))) {
      if (entry.name === '.git') continue;
      const path = parent === '' ? entry.name : `${parent}/${entry.name}`;
      if (path.includes('\ufffd'))
        throw refused(`the name of ${JSON.stringify(path)} is not UTF-8.`, 'Rename the file.');
      if (entry.isSymbolicLink()) await keepInside(folder, path);
      else if (!entry.isDirectory() && !entry.isFile()) continue;
      paths.push(path);
      if (entry.isFile()) files.push(path);
      if (entry.isDirectory()) await visit(path);
    }
  };
  await visit('');
  return { paths, files };
}

function compareBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

async function keepInside(folder: string, path: string): Promise<void> {
  const link = join(folder, path);
  const target = await readlink(link);
  const inside = relative(folder, resolve(dirname(link), target));
  if (isOutside(inside) || inside.split('/').includes('.git') || (await leadsOutside(folder, path, target))) {
    throw refused(
      `${path} is a link to ${target}, outside of the release.`,
      'Instances run from a copy of the release: link within the repository, or set the path by an environment variable.',
    );
  }
  if (!isAbsolute(target)) return;
  await rm(link);
  await symlink(relative(dirname(link), join(folder, inside)) || '.', link);
}

function isOutside(way: string): boolean {
  return way === '..' || way.startsWith('../');
}

/** As the system goes, which follows another link on the way before it takes the `..` after it. */
async function leadsOutside(folder: string, path: string, target: string): Promise<boolean> {
  const from = dirname(join(folder, path));
  // Not put together by `join`, which would take the `..` by the words.
  const named = (way: string) => (isAbsolute(way) ? way : `${from}/${way}`);
  const place = await realpath(named(target)).catch(() => realpath(named(dirname(target))).catch(() => from));
  return isOutside(relative(await realpath(folder), await realpath(place)));
}

function refused(reason: string, hint: string): BuildFailed {
  return new BuildFailed({ step: 'pack', reason, hint });
}

export interface WrittenArtifact {
  /** Beside the artifact's place, to be renamed or removed. */
  readonly partial: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/**
 * Packs the paths, so that the same files give the same bytes on any machine: in the given order, owned by nobody, with
 * only git's two file modes, and one time for all. That time is the commit's and not a constant one: browsers and
 * static servers tell versions of a file apart by it, and every host shall give the same answer.
 */
export async function writeArtifact(
  folder: string,
  paths: readonly string[],
  at: Date,
  destination: string,
): Promise<WrittenArtifact> {
  const partial = join(destination, `.partial-${randomUUID()}`);
  try {
    await mkdir(destination, { recursive: true, mode: 0o700 });
    const handle = await open(partial, 'wx', 0o600);
    try {
      const written = await pack(folder, paths, at, handle);
      await handle.sync();
      return { partial, ...written };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw notWritten(destination, cause);
  }
}

async function pack(
  folder: string,
  paths: readonly string[],
  at: Date,
  handle: FileHandle,
): Promise<{ sha256: string; sizeBytes: number }> {
  const stream = new Pack({
    cwd: folder,
    portable: true,
    preservePaths: true,
    noDirRecurse: true,
    strict: true,
    mtime: at,
    gzip: { level: 6 },
    filter: (_, stat) => {
      normalize(stat as Stats);
      return true;
    },
  });
  // The loop below throws its first error; several files may fail at once, and the rest must not end the process.
  stream.on('error', () => undefined);
  for (const path of paths) stream.write(path);
  stream.end();
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    sizeBytes += chunk.length;
    await handle.writeFile(chunk);
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

/** Modes depend on the umask, and link counts on the package manager's store; neither is content. */
function normalize(stat: Stats): void {
  const executable = stat.isDirectory() || (stat.mode & 0o100) !== 0;
  if (!stat.isSymbolicLink()) stat.mode = (stat.mode & ~0o7777) | (executable ? 0o755 : 0o644);
  stat.nlink = 1;
}

/** Gives a written artifact its name, in one move. */
export async function publishArtifact(written: WrittenArtifact, file: string): Promise<void> {
  try {
    await rename(written.partial, file);
    await syncFolder(dirname(file));
  } catch (cause) {
    await rm(written.partial, { force: true }).catch(() => undefined);
    throw notWritten(file, cause);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: "the user's disk quota is used up",
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EIO: 'the disk reports an error',
  ENOTDIR: 'a part of the path is no folder',
};

/** Exported for its test: disks that are full are hard to come by. */
export function notWritten(place: string, cause: unknown): Error {
  if (cause instanceof BuildFailed) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const reason = REASONS[code] ?? (cause as Error).message;
  return new BuildFailed({
    step: 'pack',
    reason: `the release cannot be written to ${place}: ${reason}.`,
    hint:
      code === 'ENOSPC' || code === 'EDQUOT'
        ? 'Free some space there (fairway releases lists what is kept) and deploy again.'
        : 'Correct that and deploy again; nothing was left behind.',
    cause,
  });
}

/** Whether a path names something; a link that leads nowhere counts. */
export async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}
