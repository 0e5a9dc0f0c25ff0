import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { git } from '../../../demo/src/demo/workspace.ts';
import type { Rehearsal } from './rehearsal.ts';

const IDENTITY = [
  '-c',
  'user.name=Dana Developer',
  '-c',
  'user.email=dana@example.org',
  '-c',
  'commit.gpgsign=false',
];

/** Commits files of the rehearsal's app as given, and answers with the commit's id. */
export async function commitFiles(
  { workspace }: Rehearsal,
  files: Readonly<Record<string, string>>,
  subject: string,
): Promise<string> {
  for (const [path, text] of Object.entries(files)) await writeFile(join(workspace.app, path), text);
  await git(workspace.app, ['add', '--all']);
  await git(workspace.app, [...IDENTITY, 'commit', '--quiet', '--allow-empty', '-m', subject]);
  return git(workspace.app, ['rev-parse', 'HEAD']);
}

/** Puts the work tree back to an earlier commit, as it was, for the next case. */
export async function checkOut({ workspace }: Rehearsal, commit: string): Promise<void> {
  await git(workspace.app, ['reset', '--quiet', '--hard', commit]);
}
