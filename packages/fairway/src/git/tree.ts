import { type GitOptions, git, nulSeparated } from './git.ts';

/** One file, link or submodule of a commit. */
export interface TreeEntry {
  readonly kind: 'file' | 'link' | 'submodule';
  /** The object's id; of a submodule, its commit. */
  readonly object: string;
  /** Within the repository, with `/`. */
  readonly path: string;
}

/** Everything that a checkout of the commit would write, without writing it. */
export async function listTree(commit: string, options: GitOptions): Promise<readonly TreeEntry[]> {
  const output = await git(['ls-tree', '-r', '-z', '--full-tree', commit], options);
  return nulSeparated(output).map((line) => {
    const tab = line.indexOf('\t');
    const [mode = '', , object = ''] = line.slice(0, tab).split(' ');
    const kind = mode === '160000' ? 'submodule' : mode === '120000' ? 'link' : 'file';
    return { kind, object, path: line.slice(tab + 1) };
  });
}

/** The first path that no checkout should write: it would leave the folder, or write into git's own files. */
export function unsafePath(entries: readonly TreeEntry[]): string | undefined {
  return entries.find((entry) => entry.path.split('/').some(isUnsafeName))?.path;
}

function isUnsafeName(name: string): boolean {
  return (
    name === '' || name === '.' || name === '..' || name.toLowerCase() === '.git' || name.includes('\ufffd')
  );
}
