import type { ActualServer } from './server-states.ts';
import type { ServerStats } from './server-stats.ts';
import type { HaproxyState } from './state.ts';
import { carriers, checker } from './wanted.ts';

/** What one HAProxy says about a server of the registry. */
export interface Sighting {
  readonly healthy: boolean;
  readonly lastFailure: string | undefined;
  /** With what its former workers still have. */
  readonly underWay: number;
  /** Of the present worker, over all backends that lead to the server. */
  readonly stats: readonly ServerStats[];
}

/** What HAProxy says of its lines, put together for each server of the registry. */
export function sightingsOf(
  state: HaproxyState,
  actual: readonly ActualServer[],
  stats: readonly ServerStats[],
  formerStats: readonly ServerStats[],
): ReadonlyMap<string, Sighting> {
  const up = new Set(actual.filter((server) => server.up).map(id));
  const present = new Map(stats.map((line) => [id(line), line]));
  const sightings = new Map<string, Sighting>();
  for (const [app, pool] of Object.entries(state.registry.pools)) {
    const placement = state.placements[app]!;
    for (const server of Object.values(pool.servers)) {
      const { number } = placement.lines[server.id]!;
      const check = id(checker(app, server, number, placement));
      const lines = carriers(app, server, number).map(id);
      const seen = lines.flatMap((line) => present.get(line) ?? []);
      const former = formerStats.filter((line) => lines.includes(id(line)));
      sightings.set(server.id, {
        healthy: up.has(check),
        lastFailure: present.get(check)?.checkFailure,
        underWay: [...seen, ...former].reduce((sum, line) => sum + line.underWay, 0),
        stats: seen,
      });
    }
  }
  return sightings;
}

function id({ backend, name }: { backend: string; name: string }): string {
  return `${backend}/${name}`;
}
