import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchCommit } from '../build/fetch.ts';
import { snapshot } from '../build/snapshot.ts';
import { checkUpdate } from '../git/check-update.ts';
import { resolveCommit } from '../git/commits.ts';
import { ensureRepository } from '../git/repository.ts';
import type { Commits } from '../runner/commits.ts';

const CLI = fileURLToPath(new URL('../../bin/fairway.js', import.meta.url));
const FETCH_TIMEOUT_MS = 120_000;

/** Commits from the bare repositories in the state directory. */
export function commitsIn(stateDirectory: string): Commits {
  const pathOf = (app: string): string => join(stateDirectory, 'repositories', `${app}.git`);
  const repository: Commits['repository'] = async (app) => {
    const path = pathOf(app.name);
    const hookCommand = [process.execPath, CLI];
    await ensureRepository({
      path,
      app: app.name,
      branch: app.deploy.branch,
      hookCommand,
      state: stateDirectory,
    });
    return path;
  };
  return {
    repository,
    pathOf,
    resolve: async (app, text) => resolveCommit(await repository(app), text),
    fetch: async (app, commit) =>
      fetchCommit({
        repository: await repository(app),
        url: app.repository!,
        branch: app.deploy.branch,
        commit,
        signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
      }),
    snapshot: async (app, directory, by) => snapshot({ repository: await repository(app), directory, by }),
    check: async (app, update) =>
      checkUpdate(pathOf(app.name), app.deploy.branch, update, {
        directory: app.directory,
        ...(app.repository !== undefined && { upstream: app.repository }),
      }),
  };
}
