import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Machines } from '../config/machines.ts';
import type { Host } from '../config/production.ts';
import type { AddressesOf } from './firewall.ts';

/**
 * The IP addresses of hosts, for firewalls, which know no names. Of a machine that was created also the one by which its
 * neighbours see it. Throws {@link UnknownAddress}.
 */
export async function resolveAddresses(hosts: readonly Host[], machines: Machines): Promise<AddressesOf> {
  const found = new Map(
    await Promise.all(hosts.map(async (host) => [host.name, await addressesOf(host, machines)] as const)),
  );
  return (host) => found.get(host.name) ?? [];
}

async function addressesOf(host: Host, machines: Machines): Promise<string[]> {
  if (host.address === undefined) return [];
  const inside = host.isCreated ? machines[host.name]?.privateAddress : undefined;
  const all = [...(await resolve(host.name, host.address)), ...(typeof inside === 'string' ? [inside] : [])];
  return [...new Set(all)].sort();
}

async function resolve(host: string, address: string): Promise<string[]> {
  if (isIP(address) !== 0) return [address];
  try {
    return (await lookup(address, { all: true })).map((one) => one.address);
  } catch (error) {
    throw new UnknownAddress(host, address, error);
  }
}

/** The name of a host leads to no address. */
export class UnknownAddress extends Error {
  override readonly name = 'UnknownAddress';
  readonly code = 'unknown-address';
  readonly hint =
    'correct its address in fairway.yml; an alias of your ssh_config has to be a name that DNS knows as well';
  constructor(host: string, address: string, cause: unknown) {
    super(`no address was found for ${host} (${address}); firewalls of its neighbours need one`, { cause });
  }
}
