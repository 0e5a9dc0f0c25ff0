import type { PoolDefinition } from '../balancer.ts';
import { hostName } from '../embedded/routes.ts';
import { checkedHost, checkedName, checkedPath } from './quote.ts';
import type { HaproxyState } from './state.ts';

const ANY_HOST = '*';

interface Route {
  readonly host: string;
  readonly path: string;
  readonly app: string;
}

/**
 * `hosts.map` tells which routes a visitor's host name has, `routes.map` which app each of them leads to: the longest
 * path wins, of equally long ones the more specific host. So a host's list holds the routes of wider patterns too.
 */
export function renderRoutes(pools: readonly PoolDefinition[]): { hosts: string; routes: string } {
  const routes = pools.flatMap(routesOf);
  const keys = [...new Set([...routes.map(({ host }) => host), ANY_HOST])].sort();
  const hosts = keys
    .filter((key) => key !== ANY_HOST)
    .map((key) => `${key.startsWith('*.') ? key.slice(1) : key} ${key}`);
  const lines = keys.flatMap((key) => {
    const leads = new Map<string, string>();
    // From the widest pattern to the narrowest, which overwrites.
    for (const host of [ANY_HOST, oneLabelWider(key), key])
      for (const route of routes) if (route.host === host) leads.set(route.path, route.app);
    return [...leads].sort().map(([path, app]) => `${key}${path} ${app}`);
  });
  return { hosts: text(hosts), routes: text(lines) };
}

/** The canary's share of each app and where it begins, as one number, so that both change at once. */
export function renderSplits({ registry }: HaproxyState): string {
  return text(
    Object.entries(registry.pools).map(([app, { share }]) => `${checkedName(app)} ${splitOf(share)}`),
  );
}

export function splitOf({ basisPoints, offset }: { basisPoints: number; offset: number }): number {
  return basisPoints * 10_000 + offset;
}

export function shareOf(split: number): { basisPoints: number; offset: number } {
  return { basisPoints: Math.floor(split / 10_000), offset: split % 10_000 };
}

function routesOf({ app, route }: PoolDefinition): Route[] {
  const hosts = route.hosts.length > 0 ? route.hosts.map((host) => checkedHost(hostName(host))) : [ANY_HOST];
  const paths = route.paths.length > 0 ? route.paths : ['/'];
  return hosts.flatMap((host) =>
    paths.map((path) => ({
      host,
      // A request's path is looked up with a slash behind it: so `/api` finds `/api/x` and not `/apiary`.
      path: checkedPath(path).replace(/\/?$/, '/'),
      app: checkedName(app),
    })),
  );
}

/** `*.example.org` for `www.example.org`. */
function oneLabelWider(host: string): string {
  return `*${host.replace(/^[^.]*/, '')}`;
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
