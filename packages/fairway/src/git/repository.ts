import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { git, gitValue, nulSeparated } from './git.ts';
import { installHooks } from './hooks.ts';
import { requireGit } from './version.ts';

export interface RepositoryOptions {
  /** Absolute path of the bare repository. */
  readonly path: string;
  readonly app: string;
  /** The branch that deploys. */
  readonly branch: string;
  /** Program and first arguments that start Fairway's CLI; both must be absolute paths, as git's PATH is not ours. */
  readonly hookCommand: readonly string[];
  /** The state directory, handed to the hook. */
  readonly state: string;
}

/**
 * How a receiving repository is set, whatever the user's own configuration says. Old, harmless faults of public
 * histories are let through; what could trick a checkout (`..`, `.git` in a tree, odd submodules) is refused by fsck.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  'core.bare': 'true',
  // A hooks path of the user's would silently turn the hooks off.
  'core.hookspath': 'hooks',
  // What was force-pushed away stays reachable, and so deployable, for git's usual 90 days.
  'core.logallrefupdates': 'always',
  'receive.advertisepushoptions': 'true',
  'receive.denydeletes': 'true',
  'receive.denynonfastforwards': 'false',
  // CI systems push from shallow clones.
  'receive.shallowupdate': 'true',
  'receive.fsckobjects': 'true',
  'receive.fsck.zeropaddedfilemode': 'ignore',
  'receive.fsck.badtimezone': 'ignore',
  'receive.fsck.missingspacebeforedate': 'ignore',
  'receive.fsck.missingnamebeforeemail': 'ignore',
  'receive.fsck.missingspacebeforeemail': 'ignore',
  'receive.fsck.missingemail': 'ignore',
  'receive.fsck.bademail': 'ignore',
  'receive.fsck.badname': 'ignore',
  'receive.fsck.missingtaggerentry': 'ignore',
  // A queued commit may have lost its branch already.
  'gc.pruneexpire': '2.weeks.ago',
  // Fairway's own refs are neither shown nor taken over a push.
  'transfer.hiderefs': 'refs/fairway',
};

/** Makes the bare repository and its hooks, or brings them up to date. Idempotent. */
export async function ensureRepository(options: RepositoryOptions): Promise<void> {
  const { path, branch } = options;
  if (!(await exists(join(path, 'HEAD')))) await create(path, branch);
  await configure(path);
  const head = `refs/heads/${branch}`;
  if ((await gitValue(['symbolic-ref', '--quiet', 'HEAD'], { repository: path })) !== head) {
    await git(['symbolic-ref', 'HEAD', head], { repository: path });
  }
  await installHooks(path, options.hookCommand, ['--state', options.state, '--app', options.app]);
}

async function create(path: string, branch: string): Promise<void> {
  await requireGit();
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // No template: the user's could bring hooks along.
  await git(['init', '--quiet', '--bare', '--template=', `--initial-branch=${branch}`, '--', path]);
}

async function configure(path: string): Promise<void> {
  const listed = await git(['config', '--local', '--list', '-z'], { repository: path });
  const present = new Map(
    nulSeparated(listed).map((entry) => {
      const [key = '', ...value] = entry.split('\n');
      return [key, value.join('\n')] as const;
    }),
  );
  for (const [key, value] of Object.entries(SETTINGS)) {
    if (present.get(key) !== value) {
      await git(['config', '--local', '--replace-all', key, value], { repository: path });
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
