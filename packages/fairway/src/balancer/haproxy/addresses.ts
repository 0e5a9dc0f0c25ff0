import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { RegistryState } from '../embedded/registry-state.ts';
import type { HaproxyState } from './state.ts';

/**
 * The IP address of each host that a registry names: HAProxy takes no names at run time. Looked up only where no server is
 * known to be there already.
 */
export async function addressesOf(
  wanted: RegistryState,
  { registry, placements }: HaproxyState,
): Promise<(host: string) => string> {
  const addresses = new Map<string, string>();
  for (const [app, pool] of Object.entries(registry.pools))
    for (const { id, host } of Object.values(pool.servers))
      addresses.set(host, placements[app]!.lines[id]!.address);
  for (const pool of Object.values(wanted.pools))
    for (const { host } of Object.values(pool.servers))
      if (!addresses.has(host)) addresses.set(host, await resolve(host));
  return (host) => addresses.get(host)!;
}

/** A server's host cannot be told to HAProxy. */
export class AddressUnknown extends Error {
  override readonly name = 'AddressUnknown';
  readonly code = 'address-unknown';
  constructor(host: string, cause: Error) {
    super(
      `HAProxy needs the IP address of ${host}, and the name cannot be resolved here: ${cause.message}. Give the host's ` +
        'IP address in fairway.yml, or mend the name',
      { cause },
    );
  }
}

async function resolve(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  const { address } = await lookup(host).catch((error: Error) => {
    throw new AddressUnknown(host, error);
  });
  return address;
}
