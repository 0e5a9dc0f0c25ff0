import { createHash } from 'node:crypto';
import type { PoolDefinition } from '../balancer.ts';
import type { PoolRecord, ServerRecord } from '../embedded/registry-state.ts';
import type { HaproxyState, Placement } from './state.ts';

/** Whether HAProxy gives a server requests: none and no checks, none, or new ones. */
export type Admission = 'maint' | 'drain' | 'ready';

/** One `server` of the configuration and what it is to be. A line that is free is in maintenance, wherever it points. */
export interface WantedServer {
  readonly backend: string;
  readonly name: string;
  readonly target?: { readonly address: string; readonly port: number };
  /** Undefined: always on, as far as the one that it follows is. */
  readonly admission: Admission | undefined;
  readonly healthy: boolean;
  readonly checked: boolean;
  /** The same server on the other side of a split: it has just come from there, or gone there. */
  readonly twin?: { readonly backend: string; readonly name: string };
}

/** The backends of an app. */
export const backends = {
  baseline: (app: string) => app,
  canary: (app: string) => `${app}:canary`,
  /** For when every check fails: a check may be wrong, and an error is certain otherwise. */
  unchecked: (app: string) => `${app}:unchecked`,
  check: (app: string, health: PoolDefinition['health']) => `${app}:check:${digest(health)}`,
};

/** `s3` is line 3; `b3` is the same server where it only stands in for others. */
export const lineName = (number: number): string => `s${number}`;
export const standInName = (number: number): string => `b${number}`;

/** Every server of the configuration, in its order. */
export function wantedServers(state: HaproxyState): WantedServer[] {
  return Object.entries(state.registry.pools).flatMap(([app, pool]) =>
    wantedOfPool(app, pool, state.placements[app]!),
  );
}

/** The servers through which requests reach a line. */
export function carriers(
  app: string,
  server: ServerRecord,
  number: number,
): { backend: string; name: string }[] {
  if (server.side === 'canary') return [{ backend: backends.canary(app), name: lineName(number) }];
  return [
    { backend: backends.baseline(app), name: lineName(number) },
    { backend: backends.unchecked(app), name: lineName(number) },
    { backend: backends.canary(app), name: standInName(number) },
    // What was begun before it was promoted.
    { backend: backends.canary(app), name: lineName(number) },
  ];
}

/** The server whose checks tell whether a line is healthy. */
export function checker(
  app: string,
  server: ServerRecord,
  number: number,
  { checks }: Placement,
): { backend: string; name: string } {
  const own = checks[number];
  const side = server.side === 'canary' ? backends.canary(app) : backends.baseline(app);
  return { backend: own ? backends.check(app, own) : side, name: lineName(number) };
}

function wantedOfPool(app: string, pool: PoolRecord, placement: Placement): WantedServer[] {
  const occupants = new Map(
    Object.values(pool.servers).map((server) => [placement.lines[server.id]!.number, server]),
  );
  const lines = Array.from({ length: placement.size }, (_, index) => index + 1);
  return lines.flatMap((number) => {
    const server = occupants.get(number);
    const target = server && { address: placement.lines[server.id]!.address, port: server.port };
    const own = placement.checks[number];
    const baseline = server?.side === 'baseline' ? server : undefined;
    const canary = server?.side === 'canary' ? server : undefined;
    const name = lineName(number);
    const at = (occupied: unknown) => (occupied && target ? { target } : {});
    const healthy = server?.healthy ?? false;
    return [
      ...(own
        ? [
            {
              backend: backends.check(app, own),
              name,
              ...at(server),
              admission: server ? ('ready' as const) : ('maint' as const),
              healthy,
              checked: true,
            },
          ]
        : []),
      {
        backend: backends.baseline(app),
        name,
        ...at(baseline),
        admission: admissionOf(baseline),
        healthy,
        checked: !own,
        ...(baseline && { twin: { backend: backends.canary(app), name } }),
      },
      {
        backend: backends.canary(app),
        name,
        ...at(canary),
        admission: admissionOf(canary),
        healthy,
        checked: !own,
        ...(baseline && { twin: { backend: backends.baseline(app), name } }),
      },
      {
        backend: backends.canary(app),
        name: standInName(number),
        ...at(baseline),
        admission: undefined,
        healthy,
        checked: false,
      },
      {
        backend: backends.unchecked(app),
        name,
        ...at(baseline),
        admission: baseline?.state === 'out' ? 'maint' : admissionOf(baseline),
        healthy: true,
        checked: false,
      },
    ];
  });
}

/** A server that is out is drained, not in maintenance: there HAProxy would not check it. */
function admissionOf(server: ServerRecord | undefined): Admission {
  if (!server) return 'maint';
  return server.state === 'serving' ? 'ready' : 'drain';
}

function digest(health: PoolDefinition['health']): string {
  return createHash('sha256').update(JSON.stringify(health)).digest('hex').slice(0, 12);
}
