import type { Production } from './production.ts';

/** Stands for the address of a machine until it is created: a name that no DNS server will ever know (RFC 2606). */
export function pendingAddress(host: string): string {
  return `${host}.not-provisioned.invalid`;
}

/** Refuses what needs every machine while some are still to be created. */
export function requireProvisioned(production: Pick<Production, 'hosts' | 'provider'>): void {
  const pending = production.hosts.filter((host) => host.address === undefined).map((host) => host.name);
  if (pending.length > 0) throw new NotProvisioned(pending);
}

/** Machines have to be created before anything can run on them. */
export class NotProvisioned extends Error {
  override readonly name = 'NotProvisioned';
  readonly code = 'not-provisioned';
  constructor(hosts: readonly string[]) {
    const shown =
      hosts.length > 5 ? `${hosts.slice(0, 4).join(', ')} and ${hosts.length - 4} more` : hosts.join(', ');
    const what = hosts.length === 1 ? 'is a machine that does' : 'are machines that do';
    super(`${shown} ${what} not exist yet; run "fairway provision" first`);
  }
}
