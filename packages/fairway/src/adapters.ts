import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Balancer } from './balancer/balancer.ts';
import { embeddedBalancer } from './balancer/embedded/client.ts';
import { fetchCommit } from './build/fetch.ts';
import { snapshot } from './build/snapshot.ts';
import type { Production } from './config/production.ts';
import { checkUpdate } from './git/check-update.ts';
import { resolveCommit } from './git/commits.ts';
import { ensureRepository } from './git/repository.ts';
import type { Hosts } from './hosts/hosts.ts';
import { ensureSupervisor } from './hosts/local/ensure-supervisor.ts';
import { LocalHosts } from './hosts/local/local-hosts.ts';
import { socketPath } from './hosts/local/socket-path.ts';
import type { Commits } from './runner/commits.ts';

/** The machinery of a production on this machine. */
export interface Machinery {
  readonly hosts: Hosts;
  readonly balancer: Balancer;
  readonly addressOf: (host: string) => string;
  /** Where visitors connect. */
  readonly balancerUrl: () => Promise<string>;
  readonly restartBalancer: () => Promise<void>;
}

/** The one place where adapters are chosen. Starts what is to run beside the control server, if it does not run yet. */
export async function chooseAdapters(production: Production, stateDirectory: string): Promise<Machinery> {
  if (production.provider !== 'local') throw new ProviderNotServed(production.provider);
  const supervisor = await ensureSupervisor({ stateDirectory });
  const balancerSocket = socketPath(stateDirectory, 'balancer/balancer.sock');
  await supervisor.ensureBalancer({
    listen: production.balancer.listen,
    stateDirectory: join(stateDirectory, 'balancer'),
    socketPath: balancerSocket,
  });
  return {
    hosts: new LocalHosts({ stateDirectory }),
    balancer: embeddedBalancer({ socketPath: balancerSocket }),
    addressOf: () => '127.0.0.1',
    balancerUrl: async () => {
      const { address, port } = await supervisor.balancer();
      return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
    },
    restartBalancer: async () => {
      await supervisor.restartBalancer();
    },
  };
}

/** What runs on machines of this kind cannot be steered from here. */
export class ProviderNotServed extends Error {
  override readonly name = 'ProviderNotServed';
  readonly code = 'provider-not-served';
  constructor(provider: string) {
    super(`provider ${provider} can be checked, but not be served by this version; use provider: local`);
  }
}

const CLI = fileURLToPath(new URL('../bin/fairway.js', import.meta.url));
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
