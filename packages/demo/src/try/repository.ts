import { mkdir, mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { git, type Workspace } from '../demo/workspace.ts';

/** A clone of somebody's repository, as it is, and a production beside it. */
export async function cloneInto(repository: string, config: string): Promise<Workspace> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'fairway-try-')));
  const production = join(folder, 'production');
  const app = join(folder, 'app');
  await git(folder, ['clone', '--quiet', repository, app]);
  await mkdir(production);
  const file = join(production, 'fairway.yml');
  await writeFile(file, config);
  return { folder, app, config: file, state: join(production, '.fairway') };
}

/** A commit that changes no file: a release of its own all the same. */
export async function commitNothing(place: Workspace): Promise<void> {
  const identity = ['-c', 'user.name=Dana Developer', '-c', 'user.email=dana@example.org'];
  const commit = ['commit', '--quiet', '--allow-empty', '--no-verify', '-m', 'Release again'];
  await git(place.app, [...identity, '-c', 'commit.gpgsign=false', ...commit]);
}
