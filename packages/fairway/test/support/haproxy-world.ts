import type { Registry, Side } from '../../src/balancer/balancer.ts';
import type { HaproxyBalancer } from '../../src/balancer/haproxy/haproxy-balancer.ts';
import type { HaproxyNode } from '../../src/balancer/haproxy/node.ts';
import { Runtime } from '../../src/balancer/haproxy/runtime.ts';
import { parseServerStates } from '../../src/balancer/haproxy/server-states.ts';
import type { SlotAddress } from '../../src/rollout/slot.ts';
import { HttpInstance } from './http-instance.ts';
import { waitUntil } from './wait-until.ts';

export const FENCE = 5;

/** Instances of an app behind a balancer: started, admitted and replaced as a rollout does it. */
export class Fleet {
  readonly app: string;
  readonly instances = new Map<string, HttpInstance>();
  readonly #balancer: HaproxyBalancer;
  /** Where instances listen, and HAProxy finds them. */
  readonly #address: string;

  constructor(balancer: HaproxyBalancer, app: string, address = '127.0.0.1') {
    this.#balancer = balancer;
    this.app = app;
    this.#address = address;
  }

  async admit(
    name: string,
    slot: 'a' | 'b',
    generation: string,
    side: Side = 'baseline',
  ): Promise<HttpInstance> {
    const instance = await HttpInstance.start(name, 0, this.#address);
    this.instances.set(`${name}/${slot}`, instance);
    const address = this.#slot(name, slot);
    await this.#balancer.register(
      { slot: address, host: this.#address, port: instance.port, side, generation: `${generation}+c1` },
      FENCE,
    );
    await waitUntil(`${name} is healthy`, async () => (await this.server(name, slot))?.healthy);
    await this.#balancer.admit(address, FENCE);
    return instance;
  }

  async retire(name: string, slot: 'a' | 'b'): Promise<void> {
    await this.#balancer.drain(this.#slot(name, slot), 10_000, FENCE);
    await waitUntil(`${name} is out`, async () => (await this.server(name, slot))?.state === 'out');
    await this.instances.get(`${name}/${slot}`)!.close();
    this.instances.delete(`${name}/${slot}`);
    await this.#balancer.deregister(this.#slot(name, slot), FENCE);
  }

  async server(name: string, slot: 'a' | 'b' = 'a') {
    const { pools } = await this.#balancer.observe();
    return pools[this.app]?.servers.find(({ id }) => id === `${this.app}/${name}/${slot}`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.instances.values()].map((instance) => instance.close()));
  }

  #slot(instance: string, slot: 'a' | 'b'): SlotAddress {
    return { app: this.app, instance, slot };
  }
}

/** What HAProxy itself has of an app's servers, in the registry's words. */
export async function serversOf(node: HaproxyNode, app: string): Promise<string[]> {
  const runtime = new Runtime(node);
  const { texts } = await runtime.run([`show servers state ${app}`], 5_000);
  runtime.close();
  return parseServerStates(texts[0]!)
    .filter(({ admission }) => admission !== 'maint')
    .map(({ address, port, admission }) => `${address}:${port} ${admission}`)
    .sort();
}

/** The same of the registry. */
export function serversIn(registry: Registry, app: string): string[] {
  return registry.pools[app]!.servers.filter(({ side }) => side === 'baseline')
    .map(({ host, port, state }) => `${host}:${port} ${state === 'serving' ? 'ready' : 'drain'}`)
    .sort();
}
