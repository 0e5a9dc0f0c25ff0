import type { PoolDefinition } from '../balancer.ts';

/** The pool that answers for a host name and a path; undefined when none does. */
export interface RouteTable<Pool> {
  find(hostHeader: string, path: string): Pool | undefined;
}

interface Route<Pool> {
  readonly host: HostPattern;
  readonly path: string;
  readonly pool: Pool;
}

/** `exact` and `suffix` are lower case; a suffix begins with a dot and stands for one label before it. */
type HostPattern = { kind: 'exact'; name: string } | { kind: 'suffix'; name: string } | { kind: 'any' };

const specificity = { exact: 2, suffix: 1, any: 0 };

/**
 * Compiles routes so that a request costs one lookup by host and a walk over few paths. Among the routes whose host
 * matches, the longest path wins; of equally long ones, the more specific host.
 */
export function compileRoutes<Pool extends { readonly definition: PoolDefinition }>(
  pools: Iterable<Pool>,
): RouteTable<Pool> {
  const routes = [...pools].flatMap((pool) => routesOf(pool.definition).map((route) => ({ ...route, pool })));
  const ranked = routes.sort(
    (one, other) =>
      other.path.length - one.path.length || specificity[other.host.kind] - specificity[one.host.kind],
  );
  const anywhere = ranked.filter((route) => route.host.kind === 'any');
  const exact = new Map<string, readonly Route<Pool>[]>();
  const suffix = new Map<string, readonly Route<Pool>[]>();
  for (const { host } of ranked) {
    if (host.kind === 'exact')
      exact.set(
        host.name,
        ranked.filter((route) => covers(route.host, host.name)),
      );
    if (host.kind === 'suffix')
      suffix.set(
        host.name,
        ranked.filter((route) => isSameOrAny(route.host, host.name)),
      );
  }
  const ofHost = (name: string) => exact.get(name) ?? suffix.get(afterFirstLabel(name)) ?? anywhere;
  return {
    find: (hostHeader, path) => firstMatch(exact.get(hostHeader) ?? ofHost(hostName(hostHeader)), path)?.pool,
  };
}

/** The first route that both this app and another one claim. */
export function routeConflict(
  definition: PoolDefinition,
  others: readonly PoolDefinition[],
): { route: string; holder: string } | undefined {
  const held = new Map(others.flatMap((other) => routesOf(other).map((route) => [label(route), other.app])));
  for (const route of routesOf(definition)) {
    const holder = held.get(label(route));
    if (holder !== undefined) return { route: label(route), holder };
  }
  return undefined;
}

/** A `Host` header's name: lower case, without port and final dot. */
export function hostName(hostHeader: string): string {
  const end = hostHeader.startsWith('[') ? hostHeader.indexOf(']') + 1 : hostHeader.lastIndexOf(':');
  const name = (end > 0 ? hostHeader.slice(0, end) : hostHeader).toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

function routesOf({ route }: PoolDefinition): { host: HostPattern; path: string }[] {
  const hosts: HostPattern[] = route.hosts.length > 0 ? route.hosts.map(hostPattern) : [{ kind: 'any' }];
  const paths = route.paths.length > 0 ? route.paths : ['/'];
  return hosts.flatMap((host) => paths.map((path) => ({ host, path })));
}

function hostPattern(text: string): HostPattern {
  const name = hostName(text);
  return name.startsWith('*.') ? { kind: 'suffix', name: name.slice(1) } : { kind: 'exact', name };
}

function label({ host, path }: { host: HostPattern; path: string }): string {
  const name = host.kind === 'any' ? '*' : host.kind === 'suffix' ? `*${host.name}` : host.name;
  return `${name}${path}`;
}

function covers(pattern: HostPattern, name: string): boolean {
  if (pattern.kind === 'any') return true;
  return pattern.name === (pattern.kind === 'exact' ? name : afterFirstLabel(name));
}

function isSameOrAny(pattern: HostPattern, suffix: string): boolean {
  return pattern.kind === 'any' || (pattern.kind === 'suffix' && pattern.name === suffix);
}

function afterFirstLabel(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}

function firstMatch<Pool>(routes: readonly Route<Pool>[], path: string): Route<Pool> | undefined {
  for (const route of routes) if (isPrefix(route.path, path)) return route;
  return undefined;
}

/** `/api` holds `/api`, `/api/x` and `/api?x`, not `/apiary`. */
function isPrefix(prefix: string, path: string): boolean {
  if (prefix === '/') return true;
  if (!path.startsWith(prefix)) return false;
  if (path.length === prefix.length || prefix.endsWith('/')) return true;
  const next = path.charCodeAt(prefix.length);
  return next === 0x2f || next === 0x3f;
}
