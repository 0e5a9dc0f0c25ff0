import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fairway } from '../../demo/control.ts';
import { git, type Workspace } from '../../demo/workspace.ts';
import type { Contender, DeployNote } from '../contender.ts';
import { type JournalLine, noteOf } from './journal-note.ts';

export interface FairwayContender {
  readonly name: string;
  readonly app: string;
  readonly workspace: Workspace;
  /** Where its visitors come in. */
  readonly port: number;
  readonly hostname: string;
  /** Writes `fairway.yml` with the boot time as the app's environment, and adopts it. */
  readonly configure: (bootMs: number) => Promise<void>;
}

/** Fairway by `git push`, the build included. */
export function fairwayContender({
  name,
  app,
  workspace,
  port,
  hostname,
  configure,
}: FairwayContender): Contender {
  const deploy = async (release: string): Promise<DeployNote> => {
    await writeFile(join(workspace.app, 'release.json'), JSON.stringify({ release }));
    const identity = ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.org'];
    await git(workspace.app, ['add', '--all']);
    await git(workspace.app, [...identity, 'commit', '--quiet', '--allow-empty', '-m', release]);
    await git(workspace.app, ['push', '--quiet', '--force', app, 'HEAD:production']);
    const { stdout } = await fairway(workspace, ['show', app, '--json']);
    return noteOf(stdout.split('\n').map((line) => JSON.parse(line) as JournalLine));
  };
  return {
    name,
    port,
    hostname,
    prepare: async (bootMs) => {
      await configure(bootMs);
      await deploy(`first-${bootMs}`);
    },
    deploy,
  };
}
