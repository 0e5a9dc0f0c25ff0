import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Host, Production } from '../config/production.ts';
import { secretsDirectory } from '../config/secret-files.ts';
import { type ControlBundle, controlBundle } from './control-bundle.ts';
import { CONTROL_TLS_PORT } from './firewall.ts';
import { provisionPaths } from './paths.ts';
import type { ProvisionPlace } from './place.ts';

export type ControlVariables = (host: Host) => Readonly<Record<string, unknown>>;

/** What a machine needs on which the control server runs; packs Fairway where there is one. */
export async function controlVariables(
  production: Production,
  place: ProvisionPlace,
): Promise<ControlVariables> {
  const isControl = (host: Host) => host.roles.includes('control');
  if (!production.hosts.some(isControl)) return () => ({});
  const bundle = await controlBundle(place.stateDirectory);
  return (host) => (isControl(host) ? variablesOf(host, production, place, bundle) : {});
}

function variablesOf(host: Host, production: Production, place: ProvisionPlace, bundle: ControlBundle) {
  const { stateDirectory, configFile } = place;
  const secrets = secretsDirectory(production);
  const { deployKey, knownHosts } = provisionPaths(stateDirectory);
  const machines = join(stateDirectory, 'machines.json');
  const { address, port } = production.control.listen;
  return {
    control_archive: bundle.archive,
    control_bundle: bundle.name,
    control_key: deployKey,
    control_files: [
      { src: configFile, dest: 'fairway.yml' },
      { src: knownHosts, dest: '.fairway/ssh/known_hosts' },
      { src: `${deployKey}.pub`, dest: '.fairway/ssh/id_ed25519.pub' },
      ...(existsSync(machines) ? [{ src: machines, dest: '.fairway/machines.json' }] : []),
    ],
    control_secrets: existsSync(secrets) ? secrets : '',
    control_upstream: `${address.includes(':') ? '[::1]' : '127.0.0.1'}:${port}`,
    control_port: port,
    control_tls_port: CONTROL_TLS_PORT,
    control_address_kind: isIP(host.address ?? '') === 0 ? 'DNS' : 'IP',
  };
}
