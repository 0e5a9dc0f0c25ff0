import type { Balancer } from '../balancer/balancer.ts';
import type { Production } from '../config/production.ts';
import type { Hosts } from '../hosts/hosts.ts';

/** What a production runs on, as one kind of machines provides it. */
export interface Machinery {
  readonly hosts: Hosts;
  readonly balancer: Balancer;
  /** Where the balancer reaches a host's instances. */
  addressOf(host: string): string;
  /** Whether nothing on the host listens on the port. */
  isPortFree(host: string, port: number): Promise<boolean>;
  /** Every host that instances may run on. */
  appHosts(): readonly string[];
  /** Where visitors connect. */
  balancerUrl(): Promise<string>;
  restartBalancer(): Promise<void>;
  /** Takes in a `fairway.yml` that was read anew. Throws where only a restart of the control server can do so. */
  follow(production: Production): Promise<void>;
  /** Ends the connections. What runs goes on. */
  close(): Promise<void>;
  /** Closes after a start that failed: what was only started for it, and serves nobody, ends as well. */
  abandon(): Promise<void>;
}

/** An address and a port as a URL has them. */
export function urlOf(scheme: 'http' | 'https', address: string, port: number): string {
  const usual = scheme === 'http' ? 80 : 443;
  const host = address.includes(':') ? `[${address}]` : address;
  return `${scheme}://${host}${port === usual ? '' : `:${port}`}`;
}

/** The file says something that the control server takes in only when it starts. */
export class RestartNeeded extends Error {
  override readonly name = 'RestartNeeded';
  readonly code = 'restart-needed';
  readonly hint = 'Restart it, which interrupts nobody: end it, then fairway serve';
  constructor(what: string) {
    super(`${what} since the control server was started`);
  }
}
