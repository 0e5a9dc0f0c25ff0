import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { Unpack } from 'tar';
import { type Artifact, DigestMismatch } from '../../hosts.ts';
import type { SupervisorPaths } from './paths.ts';
import { say } from './say.ts';

/** Something half unpacked or half removed: begins with a dot, which no release's name does. */
const unfinished = '.unfinished-';

/** The unpacked releases of this machine. A release's folder has its name only once it is complete. */
export class Releases {
  readonly #paths: SupervisorPaths;
  readonly #installing = new Map<string, Promise<void>>();

  constructor(paths: SupervisorPaths) {
    this.#paths = paths;
  }

  has(app: string, release: string): boolean {
    return existsSync(this.#paths.release(app, release));
  }

  /** Verifies and unpacks an artifact. Nothing if the release is there; once, if asked twice at the same time. */
  async install(artifact: Artifact): Promise<void> {
    if (this.has(artifact.app, artifact.release)) return;
    const key = `${artifact.app}/${artifact.release}`;
    const running =
      this.#installing.get(key) ?? this.#install(artifact).finally(() => this.#installing.delete(key));
    this.#installing.set(key, running);
    await running;
  }

  async prune(app: string, keep: ReadonlySet<string>): Promise<void> {
    for (const release of await entries(this.#paths.releases(app))) {
      if (release.startsWith('.') || keep.has(release)) continue;
      const aside = this.#unfinished(app);
      await rename(this.#paths.release(app, release), aside);
      await rm(aside, { recursive: true, force: true });
    }
  }

  /** Removes what a crash left half done. Resolves when it is known what that is; removing it may take a while. */
  async clean(): Promise<void> {
    const root = join(this.#paths.releases('x'), '..');
    for (const app of await entries(root)) {
      const left = (await entries(join(root, app))).filter((name) => name.startsWith(unfinished));
      for (const name of left) rm(join(root, app, name), { recursive: true, force: true }).catch(say);
    }
  }

  async #install(artifact: Artifact): Promise<void> {
    const folder = this.#unfinished(artifact.app);
    const file = await openArtifact(artifact);
    try {
      await verify(file, artifact);
      // The state directory may have been made by somebody else, and be open to all.
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await unpackInto(folder, file, artifact);
      await flush(folder);
      await rename(folder, this.#paths.release(artifact.app, artifact.release));
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    } finally {
      await file.close();
    }
  }

  #unfinished(app: string): string {
    return join(this.#paths.releases(app), `${unfinished}${randomBytes(6).toString('hex')}`);
  }
}

async function openArtifact(artifact: Artifact): Promise<FileHandle> {
  try {
    return await open(artifact.file, 'r');
  } catch (cause) {
    throw new BadArtifact(artifact, `its artifact cannot be read: ${(cause as Error).message}`, cause);
  }
}

async function verify(file: FileHandle, artifact: Artifact): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(file.createReadStream({ start: 0, autoClose: false }), hash);
  const found = hash.digest('hex');
  if (found !== artifact.sha256) throw new DigestMismatch(artifact.release, artifact.sha256, found);
}

/** `strict` makes tar refuse, rather than skip, whatever would be written or linked outside of the folder. */
async function unpackInto(folder: string, file: FileHandle, artifact: Artifact): Promise<void> {
  try {
    const target = new Unpack({ cwd: folder, strict: true, preserveOwner: false });
    await new Promise<void>((resolve, reject) => {
      // The same open file that was verified, so nobody can have put another in its place.
      const source = file.createReadStream({ start: 0, autoClose: false });
      source.once('error', reject);
      target.once('error', reject);
      target.once('close', () => resolve());
      source.pipe(target);
    });
  } catch (cause) {
    throw new BadArtifact(
      artifact,
      `its artifact cannot be unpacked safely: ${(cause as Error).message}`,
      cause,
    );
  }
}

/** One flush of the file system, instead of one per file: a power cut after the rename must not leave empty files. */
async function flush(folder: string): Promise<void> {
  // Best effort: where `sync` knows no `-f`, the system writes by itself within seconds.
  await promisify(execFile)('sync', ['-f', folder]).catch(() => undefined);
}

async function entries(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** An artifact with the right digest cannot be read or unpacked; nothing of it was kept. */
export class BadArtifact extends Error {
  override readonly name = 'BadArtifact';
  readonly code = 'bad-artifact';
  constructor(artifact: Artifact, why: string, cause: unknown) {
    super(
      `${artifact.app}: release ${artifact.release} was not installed, ${why} (${artifact.file}); build it again`,
      {
        cause,
      },
    );
  }
}
