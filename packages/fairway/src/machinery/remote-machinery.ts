import { isDeepStrictEqual } from 'node:util';
import { HaproxyBalancer } from '../balancer/haproxy/haproxy-balancer.ts';
import { SshNode } from '../balancer/haproxy/ssh-node.ts';
import { canonicalJson } from '../config/canonical-json.ts';
import { requireProvisioned } from '../config/not-provisioned.ts';
import type { Host, Production } from '../config/production.ts';
import { isRemotePortFree } from '../hosts/ssh/is-port-free.ts';
import { SshHosts } from '../hosts/ssh/ssh-hosts.ts';
import { Refusal } from '../runner/controller.ts';
import type { SshTarget } from '../ssh/target.ts';
import { deployTarget } from './deploy-target.ts';
import { type Machinery, RestartNeeded, urlOf } from './machinery.ts';

/**
 * Other machines: instances on hosts reached by SSH, behind HAProxy. Nothing is started; it is there, or comes back with
 * its machine. Throws NotProvisioned before the first `fairway provision`.
 */
export async function remoteMachinery(production: Production, stateDirectory: string): Promise<Machinery> {
  requireProvisioned(production);
  let present = production;
  let known = canonicalJson(production.hosts);
  const balancers = await targetsOf(production, 'balancer', stateDirectory);
  const hosts = new SshHosts(await targetsOf(production, 'app', stateDirectory));
  const nodes = balancers.map((target) => new SshNode(target));
  const balancer = new HaproxyBalancer(nodes);
  const close = async (): Promise<void> => {
    await Promise.all([hosts.close(), balancer.close()]);
    await Promise.all(nodes.map((node) => node.close()));
  };
  return {
    hosts,
    balancer,
    addressOf: (name) => {
      const address = present.hosts.find((host) => host.name === name)?.address;
      if (address === undefined) throw new HostGone(name, present.file);
      return address;
    },
    isPortFree: async (host, port) => isRemotePortFree(await hosts.connection(host), port),
    appHosts: () => withRole(present, 'app').map(({ name }) => name),
    balancerUrl: async () => {
      const { listen, tls } = present.balancer;
      const { address } = balancers[0]!;
      return tls ? urlOf('https', address, tls.listen.port) : urlOf('http', address, listen.port);
    },
    restartBalancer: async () => {
      const names = balancers.map(({ name }) => name).join(', ');
      throw new Refusal(
        422,
        'balancer-elsewhere',
        `HAProxy is restarted by systemd on its own machines (${names}), and reloads itself when it has to`,
        `On each of them, one after another: sudo systemctl reload haproxy`,
      );
    },
    follow: async (read) => {
      const text = canonicalJson(read.hosts);
      if (text !== known) {
        const wanted = await targetsOf(read, 'balancer', stateDirectory);
        if (!isDeepStrictEqual(wanted, balancers)) throw new RestartNeeded('the balancers have changed');
        hosts.retarget(await targetsOf(read, 'app', stateDirectory));
        known = text;
      }
      present = read;
    },
    close,
    abandon: close,
  };
}

/** Of hosts that exist; one that is still to be created is none to speak to yet. */
function targetsOf(production: Production, role: string, stateDirectory: string): Promise<SshTarget[]> {
  return Promise.all(withRole(production, role).map((host) => deployTarget(host, stateDirectory)));
}

function withRole({ hosts }: Production, role: string): readonly Host[] {
  return hosts.filter((host) => host.roles.includes(role) && host.address !== undefined);
}

/** An instance is on a host that the file no longer names. */
export class HostGone extends Error {
  override readonly name = 'HostGone';
  readonly code = 'host-gone';
  constructor(host: string, file: string) {
    super(
      `${host} is no longer in ${file}, so its address is not known; name it there until nothing runs on it`,
    );
  }
}
