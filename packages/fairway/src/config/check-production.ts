import type { CrossFinding } from './check-app.ts';
import { checkMachines } from './check-machines.ts';
import { finding, unfit } from './finding.ts';
import type { ListenAddress } from './production.ts';
import { defaultListen } from './resolve-production.ts';
import type { ProductionSection } from './schema/production-schema.ts';
import type { Path } from './yaml-tree.ts';

/** What only shows when apps and addresses are seen together. `instances`: how many each app has. */
export function checkProduction(
  section: ProductionSection,
  instances: ReadonlyMap<string, number>,
): readonly CrossFinding[] {
  return [
    ...checkRoutes(section),
    ...checkListening(section),
    ...checkPorts(section, instances),
    ...checkMachines(section),
  ];
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

function checkListening(section: ProductionSection): readonly CrossFinding[] {
  const { control, ports, provider } = section;
  const defaults = defaultListen(provider);
  const { address = defaults.address, port } = section.balancer.listen ?? defaults;
  const balancer: ListenAddress = { address, port };
  const found: CrossFinding[] = [];
  const controlPath = ['control', 'listen'];
  const balancerPath = ['balancer', 'listen'];
  if (shareMachine(section) && overlap(control.listen, balancer)) {
    const text = `port ${balancer.port}`;
    const message = `found ${text}, where the control server listens, expected another port`;
    found.push({ finding: finding(balancerPath, 'value', message), uses: [controlPath, balancerPath] });
  }
  for (const [path, listen] of [
    [controlPath, control.listen],
    [balancerPath, balancer],
  ] as const) {
    if (listen.port < ports.from || listen.port > ports.to) continue;
    const range = `${ports.from}-${ports.to}`;
    const message = `found port ${listen.port}, one of those for instances (${range}), expected another port`;
    found.push({ finding: finding(path, 'value', message), uses: [path, ['ports']] });
  }
  return found;
}

/** Whether control server and balancer run on one machine. */
function shareMachine({ provider, hosts }: ProductionSection): boolean {
  const isBoth = ({ roles }: { readonly roles: readonly string[] }) =>
    roles.includes('control') && roles.includes('balancer');
  return provider === 'local' || Object.values(hosts).some(isBoth);
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
