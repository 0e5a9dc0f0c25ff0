import { join } from 'node:path';
import { git } from '../../../demo/src/demo/workspace.ts';
import { Client } from '../../src/cli/client.ts';
import { socketPath } from '../../src/hosts/local/socket-path.ts';
import { SupervisorClient } from '../../src/hosts/local/supervisor-client.ts';
import type { LiveEntry, RolloutRecord } from '../../src/server/api.ts';
import { waitUntil } from '../support/wait-until.ts';
import type { Rehearsal } from './rehearsal.ts';

/** What one sees of a production from outside: through its API, its balancer, its git repository, the process table. */
export class Look {
  readonly client: Client;
  readonly #production: Rehearsal;

  constructor(production: Rehearsal) {
    this.#production = production;
    const stateDirectory = production.workspace.state;
    this.client = new Client({ whereabouts: { kind: 'state', stateDirectory } });
  }

  /** All that a refused push could have changed. */
  async everything(app = 'hello') {
    const repository = join(this.#production.workspace.state, 'repositories', `${app}.git`);
    return {
      refs: await git(repository, ['for-each-ref']),
      rollouts: (await this.rollouts(app)).length,
      revision: (await this.#production.balancer.observe()).revision,
      pids: await this.pids(app),
    };
  }

  async rollouts(app = 'hello'): Promise<readonly RolloutRecord[]> {
    return this.client.rollouts(app, 100);
  }

  async newest(app = 'hello'): Promise<RolloutRecord> {
    const [newest] = await this.client.rollouts(app, 1);
    if (!newest) throw new Error(`${app} has no rollout`);
    return newest;
  }

  /** The rollout, once it has ended. */
  async ended(id: string): Promise<RolloutRecord> {
    return waitUntil(
      `the end of ${id}`,
      async () => {
        const rollout = await this.client.rollout(id).catch(() => undefined);
        return rollout?.finishedAt !== undefined && rollout;
      },
      60_000,
    );
  }

  async journal(id: string): Promise<readonly LiveEntry[]> {
    const entries: LiveEntry[] = [];
    for await (const entry of this.client.rolloutEvents(id, { signal: AbortSignal.timeout(10_000) }))
      entries.push(entry);
    return entries;
  }

  /** Process ids of running instances, by instance; a second slot counts as one of its own. */
  async pids(app = 'hello'): Promise<Readonly<Record<string, number>>> {
    const { apps } = await this.client.overview();
    const processes = apps.find((one) => one.app === app)?.processes ?? [];
    return Object.fromEntries(
      processes.flatMap(({ slot, pid }) =>
        pid === undefined ? [] : [[`${slot.instance}/${slot.slot}`, pid]],
      ),
    );
  }

  /** Commits that instances serve now, by instance, 12 digits each. */
  async serving(app = 'hello'): Promise<Readonly<Record<string, string>>> {
    const servers = (await this.#production.balancer.observe()).pools[app]?.servers ?? [];
    return Object.fromEntries(
      servers
        .filter((server) => server.state === 'serving' && server.healthy)
        .map((server) => [server.slot.instance, server.generation.slice(0, 12)]),
    );
  }

  async supervisorPid(): Promise<number> {
    const supervisor = new SupervisorClient(
      socketPath(this.#production.workspace.state, 'supervisor/supervisor.sock'),
    );
    try {
      return (await supervisor.status()).pid;
    } finally {
      await supervisor.close();
    }
  }
}
