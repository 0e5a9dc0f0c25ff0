import type { CrossFinding } from './check-app.ts';
import { finding, unfit } from './finding.ts';
import type { ListenAddress } from './production.ts';
import type { ProductionSection } from './schema/production-schema.ts';
import type { Path } from './yaml-tree.ts';

/** What only shows when apps and addresses are seen together. `instances`: how many each app has. */
export function checkProduction(
  section: ProductionSection,
  instances: ReadonlyMap<string, number>,
): readonly CrossFinding[] {
  return [...checkRoutes(section), ...checkListening(section), ...checkPorts(section, instances)];
}

/** One host and path can lead to one app only. */
function checkRoutes({ apps }: ProductionSection): readonly CrossFinding[] {
  const holders = new Map<string, string>();
  const found: CrossFinding[] = [];
  for (const [name, { route }] of Object.entries(apps)) {
    const at = ['apps', name, 'route'];
    const taken = routesOf(route).find(({ key }) => (holders.get(key) ?? name) !== name);
    if (taken) {
      const path = [...at, ...taken.at];
      const holder = holders.get(taken.key)!;
      const message = `found the route ${taken.key}, which leads to ${holder} already`;
      const uses = [at, ['apps', holder, 'route']];
      found.push({
        finding: finding(path, 'value', message, 'Give one of them another host or path.'),
        uses,
      });
    }
    for (const { key } of routesOf(route)) if (!holders.has(key)) holders.set(key, name);
  }
  return found;
}

function routesOf(route: { readonly hosts: readonly string[]; readonly paths: readonly string[] }) {
  const hosts = route.hosts.length === 0 ? ['any host'] : route.hosts;
  return hosts.flatMap((host, hostIndex) =>
    route.paths.map((path, pathIndex) => ({
      key: host === 'any host' ? `${path} of any host` : `${host}${path}`,
      at: (host === 'any host' ? ['paths', pathIndex] : ['hosts', hostIndex]) as Path,
    })),
  );
}

function checkListening({ control, balancer, ports }: ProductionSection): readonly CrossFinding[] {
  const found: CrossFinding[] = [];
  const controlPath = ['control', 'listen'];
  const balancerPath = ['balancer', 'listen'];
  if (overlap(control.listen, balancer.listen)) {
    const text = `port ${balancer.listen.port}`;
    const message = `found ${text}, where the control server listens, expected another port`;
    found.push({ finding: finding(balancerPath, 'value', message), uses: [controlPath, balancerPath] });
  }
  for (const [path, { port }] of [
    [controlPath, control.listen],
    [balancerPath, balancer.listen],
  ] as const) {
    if (port < ports.from || port > ports.to) continue;
    const range = `${ports.from}-${ports.to}`;
    const message = `found port ${port}, one of those for instances (${range}), expected another port`;
    found.push({ finding: finding(path, 'value', message), uses: [path, ['ports']] });
  }
  return found;
}

function overlap(one: ListenAddress, other: ListenAddress): boolean {
  const anywhere = (address: string) => address === '0.0.0.0' || address === '::';
  const meet = one.address === other.address || anywhere(one.address) || anywhere(other.address);
  return one.port !== 0 && one.port === other.port && meet;
}

function checkPorts(
  { ports }: ProductionSection,
  instances: ReadonlyMap<string, number>,
): readonly CrossFinding[] {
  const total = [...instances.values()].reduce((sum, count) => sum + count, 0);
  const room = ports.to - ports.from + 1;
  if (room >= 2 * total) return [];
  const expected = `room for ${2 * total} ports, two for each of ${total} instances (found ${room})`;
  const uses = [['ports'], ...[...instances.keys()].map((name) => ['apps', name, 'instances'])];
  return [{ finding: unfit(['ports'], `${ports.from}-${ports.to}`, expected), uses }];
}
