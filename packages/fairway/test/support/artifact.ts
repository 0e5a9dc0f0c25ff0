import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from 'tar';
import type { Artifact } from '../../src/hosts/hosts.ts';

/** Packs a folder as the artifact of a release, with the right digest. */
export async function packArtifact(
  scratch: string,
  app: string,
  release: string,
  folder: string,
): Promise<Artifact> {
  const file = join(scratch, `${app}-${release}.tar.gz`);
  await create({ file, gzip: true, cwd: folder, portable: true }, ['.']);
  return { app, release, file, sha256: sha256(file) };
}

export function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
