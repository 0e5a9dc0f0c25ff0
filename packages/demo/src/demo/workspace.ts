import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const EXAMPLE = fileURLToPath(new URL('../../../../examples/hello', import.meta.url));
export const FAIRWAY = fileURLToPath(new URL('../../../fairway/bin/fairway.js', import.meta.url));

/** A temporary folder that holds a team's two things: the app's repository and the production's configuration. */
export interface Workspace {
  readonly folder: string;
  /** A git work tree of `examples/hello`. */
  readonly app: string;
  readonly config: string;
  readonly state: string;
}

export const CONFIG = `# Five copies of one small app behind the embedded balancer, on this machine.
name: demo
provider: local
control: { listen: 127.0.0.1:0 }
balancer: { listen: 127.0.0.1:0 }
apps:
  hello:
    runtime: { type: node }
    instances: 5
    health: { path: /health, interval: 100ms, timeout: 1s, rise: 2, start_timeout: 5s }
    deploy: { strategy: rolling, max_unavailable: 1, drain_timeout: 10s }
`;

export async function createWorkspace(config: string = CONFIG): Promise<Workspace> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'fairway-demo-')));
  const app = join(folder, 'hello');
  const production = join(folder, 'production');
  await cp(EXAMPLE, app, { recursive: true });
  await mkdir(production);
  const file = join(production, 'fairway.yml');
  await writeFile(file, config);
  await git(app, ['init', '--quiet', '--initial-branch=main']);
  await commitAll(app, 'Say hello');
  return { folder, app, config: file, state: join(production, '.fairway') };
}

export async function removeWorkspace(workspace: Workspace): Promise<void> {
  await rm(workspace.folder, { recursive: true, force: true });
}

/** Replaces `from` by `to` in a file of the app and commits it; returns the commit's id. */
export async function commitChange(
  workspace: Workspace,
  change: { file: string; from: string; to: string; subject: string },
): Promise<string> {
  const file = join(workspace.app, change.file);
  const before = await readFile(file, 'utf8');
  if (!before.includes(change.from)) throw new Error(`${change.file} does not hold ${change.from}`);
  await writeFile(file, before.replace(change.from, change.to));
  return commitAll(workspace.app, change.subject);
}

async function commitAll(directory: string, subject: string): Promise<string> {
  await git(directory, ['add', '--all']);
  const identity = ['-c', 'user.name=Dana Developer', '-c', 'user.email=dana@example.org'];
  await git(directory, [...identity, '-c', 'commit.gpgsign=false', 'commit', '--quiet', '-m', subject]);
  return git(directory, ['rev-parse', 'HEAD']);
}

export async function git(directory: string, command: readonly string[]): Promise<string> {
  const { stdout } = await execa('git', command, { cwd: directory, env: { GIT_TERMINAL_PROMPT: '0' } });
  return stdout;
}
