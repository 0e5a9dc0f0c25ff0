import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { NamedHost } from './expand-hosts.ts';
import { optional } from './optional.ts';
import type {
  App,
  AwsSettings,
  BalancerSettings,
  Host,
  Production,
  ProvisionSettings,
  SshAccess,
} from './production.ts';
import type { BalancerSection } from './schema/balancer-schema.ts';
import type { ProductionSection } from './schema/production-schema.ts';

const DEPLOY_USER = 'fairway';

/** What a whole file means, with the defaults that depend on other keys. `file`: its absolute path. */
export function resolveProduction(
  section: ProductionSection,
  hosts: readonly NamedHost[],
  apps: readonly App[],
  file: string,
): Production {
  const { name, provider, control, ports, lab } = section;
  return {
    name,
    provider,
    file,
    control,
    balancer: resolveBalancer(section.balancer, provider, file),
    ports,
    hosts: hosts.map((host) => resolveHost(host, section, apps, file)),
    provision: resolveProvision(section.provision, file),
    lab: {
      ...optional('subnet', lab.subnet),
      ...optional('memoryBytes', lab.memory),
      ...optional('diskBytes', lab.disk),
    },
    ...optional('aws', section.aws && resolveAws(section.aws)),
    apps,
  };
}

/** Where visitors connect when the file leaves it out. */
export function defaultListen(provider: Production['provider']): BalancerSettings['listen'] {
  return provider === 'local' ? { address: '127.0.0.1', port: 8080 } : { address: '0.0.0.0', port: 80 };
}

function resolveBalancer(
  section: BalancerSection,
  provider: Production['provider'],
  file: string,
): BalancerSettings {
  const { listen = defaultListen(provider), tls } = section;
  return {
    type: provider === 'local' ? 'embedded' : 'haproxy',
    listen: { address: listen.address ?? defaultListen(provider).address, port: listen.port },
    ...(tls && {
      tls: {
        listen: tls.listen,
        ...optional('certificatesDirectory', tls.certificates && absolutePath(tls.certificates, file)),
        redirect: tls.redirect,
      },
    }),
  };
}

function resolveHost(host: NamedHost, section: ProductionSection, apps: readonly App[], file: string): Host {
  const { key, ...named } = host;
  const own = key === undefined ? undefined : section.hosts[key];
  const written = own?.roles ?? [];
  const isNamed = apps.some((app) => app.instances.some((instance) => instance.host === host.name));
  const isApp = key !== undefined && isNamed && !written.includes('app');
  return {
    ...named,
    roles: isApp ? [...written, 'app'] : written,
    ssh: resolveSsh({ ...section.ssh, ...own?.ssh }, file),
  };
}

function resolveSsh(ssh: ProductionSection['ssh'], file: string): SshAccess {
  return {
    user: ssh.user ?? DEPLOY_USER,
    ...optional('port', ssh.port),
    ...optional('identityFile', ssh.identity_file && absolutePath(ssh.identity_file, file)),
    ...optional('configFile', ssh.config_file && absolutePath(ssh.config_file, file)),
  };
}

function resolveProvision(provision: ProductionSection['provision'], file: string): ProvisionSettings {
  const { user, before, after } = provision;
  const become = provision.become ?? user !== 'root';
  return { user, become, rolesPath: absolutePath(provision.roles_path, file), before, after };
}

function resolveAws(aws: NonNullable<ProductionSection['aws']>): AwsSettings {
  return {
    region: aws.region,
    image: aws.image,
    instanceType: aws.instance_type,
    subnet: aws.subnet,
    securityGroups: aws.security_groups,
    ...optional('keyName', aws.key_name),
    ...optional('endpointUrl', aws.endpoint_url),
  };
}

/** Relative to the file's folder; `~/` is the user's home. */
function absolutePath(written: string, file: string): string {
  return written.startsWith('~/') ? join(homedir(), written.slice(2)) : resolve(dirname(file), written);
}
