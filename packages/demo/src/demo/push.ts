import { execa } from 'execa';
import { fairway } from './control.ts';
import type { Workspace } from './workspace.ts';
import { git } from './workspace.ts';

/** Makes `git push production` work in the app's work tree. */
export async function addRemote(workspace: Workspace, app: string): Promise<void> {
  const { stdout } = await fairway(workspace, ['remote', app, '--json']);
  const { path } = JSON.parse(stdout) as { path: string };
  await git(workspace.app, ['remote', 'add', 'production', path]);
}

/** Pushes and shows what comes back, line by line; resolves when the push has ended, however it did. */
export async function push(
  workspace: Workspace,
  show: (line: string) => void,
): Promise<{ exitCode: number; output: string }> {
  const pushing = execa('git', ['push', '--force', 'production', 'HEAD:production'], {
    cwd: workspace.app,
    reject: false,
    all: true,
    env: { NO_COLOR: '1' },
  });
  const lines: string[] = [];
  for await (const line of pushing.iterable({ from: 'all' })) {
    lines.push(line);
    show(line);
  }
  const { exitCode } = await pushing;
  return { exitCode: exitCode ?? 1, output: lines.join('\n') };
}
