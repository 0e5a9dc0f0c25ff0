import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type GitOptions, git, gitValue } from './git.ts';
import type { TreeEntry } from './tree.ts';

/** What Git LFS commits in a large file's place. Format: git-lfs `docs/spec.md`, version 1. */
export interface LargeFile {
  readonly path: string;
  /** SHA-256 of the content, hex. */
  readonly sha256: string;
}

const POINTER = 'version https://git-lfs.github.com/spec/v1';

/** Reads a pointer; undefined for any other content. */
function parsePointer(text: string): string | undefined {
  if (!text.startsWith(`${POINTER}\n`) || text.length >= 1024) return undefined;
  return /^oid sha256:([0-9a-f]{64})$/m.exec(text)?.[1];
}

/** The commit's files whose content lies in Git LFS. */
export async function largeFiles(
  commit: string,
  entries: readonly TreeEntry[],
  options: GitOptions,
): Promise<readonly LargeFile[]> {
  if (!entries.some((entry) => /(^|\/)\.gitattributes$/.test(entry.path))) return [];
  // Searching in git keeps the content of a large repository out of this process.
  const found = await gitValue(['grep', '-z', '-l', '-I', '-F', '-e', POINTER, commit, '--'], options);
  const paths = (found ?? '').split('\0').flatMap((name) => (name ? [name.slice(commit.length + 1)] : []));
  const files: LargeFile[] = [];
  for (const path of paths) {
    const entry = entries.find((candidate) => candidate.path === path && candidate.kind === 'file');
    if (!entry || Number(await git(['cat-file', '-s', entry.object], options)) >= 1024) continue;
    const sha256 = parsePointer(await git(['cat-file', 'blob', entry.object], options));
    if (sha256) files.push({ path, sha256 });
  }
  return files;
}

/** The first of these whose content was not pushed along: it is not in the repository's own LFS store. */
export async function missingLargeFile(
  repository: string,
  files: readonly LargeFile[],
): Promise<LargeFile | undefined> {
  for (const file of files) {
    const { sha256 } = file;
    const stored = join(repository, 'lfs', 'objects', sha256.slice(0, 2), sha256.slice(2, 4), sha256);
    const there = await stat(stored).then(
      () => true,
      () => false,
    );
    if (!there) return file;
  }
  return undefined;
}
