import type { CrossFinding } from './check-app.ts';
import { finding, unfit } from './finding.ts';
import { didYouMean, oneOf, quote } from './found.ts';
import { MACHINE_ROLES } from './machine-roles.ts';
import type { ProductionSection } from './schema/production-schema.ts';

/** What only shows when machines, balancer and provider are seen together. */
export function checkMachines(section: ProductionSection): readonly CrossFinding[] {
  return [
    ...checkBalancer(section),
    ...checkCertificates(section),
    ...checkBalancerHosts(section),
    ...checkRoles(section),
    ...checkOwnRoles(section),
    ...checkAws(section),
  ];
}

function checkBalancer({ provider, balancer }: ProductionSection): readonly CrossFinding[] {
  const path = ['balancer', 'type'];
  const uses = [path, ['provider']];
  if (provider === 'local' && balancer.type === 'haproxy') {
    const message =
      'found haproxy, expected embedded: with provider local the balancer that comes with Fairway runs here';
    return [{ finding: finding(path, 'value', message), uses }];
  }
  if (provider !== 'local' && balancer.type === 'embedded') {
    const message = `found embedded, expected haproxy: the embedded balancer reaches instances of this machine only, and provider is ${provider}`;
    return [{ finding: finding(path, 'value', message), uses }];
  }
  const listenPath = ['balancer', 'listen'];
  if (provider !== 'local' && balancer.listen?.port === 0) {
    const message = 'found port 0, expected a port from 1 to 65535: HAProxy does not choose one';
    return [{ finding: finding(listenPath, 'value', message), uses: [listenPath, ['provider']] }];
  }
  return [];
}

function checkCertificates({ provider, balancer }: ProductionSection): readonly CrossFinding[] {
  const { tls } = balancer;
  const path = ['balancer', 'tls'];
  if (!tls) return [];
  if (provider === 'local') {
    const message = 'found it, expected none: the embedded balancer of provider local speaks HTTP only';
    return [{ finding: finding(path, 'key', message), uses: [path, ['provider']] }];
  }
  const found: CrossFinding[] = [];
  if ((tls.certificates === undefined) !== tls.self_signed) {
    const what = tls.self_signed ? 'both' : 'neither';
    const message = `found ${what}, expected either certificates (a folder) or self_signed: true`;
    found.push({ finding: finding(path, 'key', message), uses: [path] });
  }
  if (tls.listen.port === (balancer.listen?.port ?? 80)) {
    const listenPath = [...path, 'listen'];
    const message = `found port ${tls.listen.port}, where plain HTTP is answered, expected another port`;
    found.push({ finding: finding(listenPath, 'value', message), uses: [path, ['balancer', 'listen']] });
  }
  return found;
}

function checkBalancerHosts({ provider, hosts }: ProductionSection): readonly CrossFinding[] {
  if (provider === 'local' || Object.values(hosts).some((host) => host.roles.includes('balancer'))) return [];
  const expected = 'a host with the role balancer, where HAProxy runs';
  const suggestion = 'Write roles: [balancer] for one host at least.';
  return [
    {
      finding: finding(['hosts'], 'key', `found none, expected ${expected}`, suggestion),
      uses: [['hosts'], ['provider']],
    },
  ];
}

function checkRoles({ hosts, provision }: ProductionSection): readonly CrossFinding[] {
  const known: readonly string[] = [...MACHINE_ROLES, ...provision.before, ...provision.after];
  return Object.entries(hosts).flatMap(([key, { roles }]) =>
    roles.flatMap((role, index) => {
      const path = ['hosts', key, 'roles', index];
      const uses = [['hosts', key], ['provision']];
      if (roles.indexOf(role) !== index) return [{ finding: unfit(path, role, 'each once'), uses }];
      if (known.includes(role)) return [];
      const expected = `${oneOf(MACHINE_ROLES)}, or a role of your own that provision names`;
      const suggestion =
        didYouMean(role, known) ?? `Name ${quote(role)} under provision.before or provision.after.`;
      return [{ finding: unfit(path, role, expected, suggestion), uses }];
    }),
  );
}

function checkOwnRoles({ provision }: ProductionSection): readonly CrossFinding[] {
  const taken: readonly string[] = MACHINE_ROLES;
  return (['before', 'after'] as const).flatMap((key) =>
    provision[key].flatMap((role, index) => {
      const path = ['provision', key, index];
      if (!taken.includes(role)) return [];
      const message = `found ${quote(role)}, which is a role of Fairway, expected another name`;
      return [{ finding: finding(path, 'value', message), uses: [['provision', key]] }];
    }),
  );
}

function checkAws({ provider, aws }: ProductionSection): readonly CrossFinding[] {
  if (provider !== 'aws' || aws) return [];
  const expected = 'region, image, instance_type and subnet of the machines';
  return [{ finding: unfit(['aws'], undefined, expected), uses: [['aws'], ['provider']] }];
}
