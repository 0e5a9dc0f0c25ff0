import type { Registry } from '../balancer/balancer.ts';
import type { App, Production } from '../config/production.ts';
import type { SlotProcess } from '../hosts/hosts.ts';
import type { Store } from '../store/store.ts';
import type { AppOverview, Overview } from './controller.ts';
import type { World } from './perform.ts';

/** Everything that can be seen of all apps now; what cannot be is said, and keeps nothing else from being told. */
export async function overviewOfAll(
  world: Pick<World, 'store' | 'hosts' | 'balancer'>,
  readProduction: () => Promise<Production>,
  balancerUrl: () => Promise<string>,
  at: number,
): Promise<Omit<Overview, 'production'>> {
  const { store, hosts, balancer } = world;
  const problems: string[] = [];
  const unreachable: string[] = [];
  const noted =
    <T>(list: string[]) =>
    (error: Error): T | undefined => {
      list.push(error.message);
      return undefined;
    };
  const production = await readProduction().catch(noted<Production>(problems));
  const registry = await balancer
    .observe()
    .catch(noted<Awaited<ReturnType<typeof balancer.observe>>>(unreachable));
  const names = new Set([...(production?.apps.map((app) => app.name) ?? []), ...store.apps()]);
  const apps = [];
  for (const app of names) {
    const processes = (await hosts.observe(app).catch(noted<never[]>(unreachable))) ?? [];
    const config = production?.apps.find((candidate) => candidate.name === app);
    apps.push(overviewOf(store, app, config, registry, processes));
  }
  return {
    at,
    apps,
    configProblems: problems.flatMap((problem) => problem.split('\n')),
    balancerUrl: (await balancerUrl().catch(noted<string>(unreachable))) ?? '',
    unreachable: [
      ...new Set([
        ...unreachable,
        ...(hosts.unreachable?.().values() ?? []),
        ...(registry?.unreachable ?? []).map(
          ({ name, reason }) => `the balancer ${name} is out of reach: ${reason}`,
        ),
      ]),
    ],
  };
}

/** One app as it is now; `registry` and `processes` as far as they could be had. */
function overviewOf(
  store: Store,
  app: string,
  config: App | undefined,
  registry: Registry | undefined,
  processes: readonly SlotProcess[],
): AppOverview {
  const open = [...store.rollouts({ app, unfinished: true })].reverse();
  const rollout = open.find((record) => record.status !== 'queued');
  const [last] = store.rollouts({ app, limit: 1 });
  const pool = registry?.pools[app];
  const standing = standingOf(store, app);
  return {
    app,
    ...(config && { config }),
    ...(standing && { standing }),
    ...(pool && { pool }),
    processes,
    ...(rollout && { rollout }),
    queued: open.filter((record) => record.status === 'queued'),
    ...(last && { lastRollout: last }),
  };
}

function standingOf(store: Store, app: string): AppOverview['standing'] {
  const [standing] = store.standings(app);
  if (!standing) return undefined;
  const release = store.release(app, standing.release);
  const { subject = '', author = '', commit = '' } = release ?? {};
  return { ...standing, subject, author, commit };
}
