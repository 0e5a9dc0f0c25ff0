import { BlockList, isIPv4 } from 'node:net';
import { LabProblem } from './lab-problem.ts';

/** This machine is the first address of a lab's network; hosts follow from here on. */
const FIRST_HOST = 11;

const privateRanges = new BlockList();
privateRanges.addSubnet('10.0.0.0', 8);
privateRanges.addSubnet('172.16.0.0', 12);
privateRanges.addSubnet('192.168.0.0', 16);

/** The first of 10.213.1.0/24 … 10.213.250.0/24 that overlaps with none of those in use. */
export function freeSubnet(inUse: readonly string[]): string {
  for (let third = 1; third <= 250; third++) {
    const subnet = `10.213.${third}.0/24`;
    if (!inUse.some((other) => overlaps(subnet, other))) return subnet;
  }
  throw new LabProblem(
    'lab-no-subnet',
    'none of 10.213.1.0/24 to 10.213.250.0/24 is free on this machine',
    'take down a lab (fairway lab list, fairway lab down), or name a network with --subnet',
  );
}

export function checkSubnet(subnet: string): string {
  const [address = '', bits = ''] = subnet.split('/');
  if (/^(1[6-9]|2[0-8])$/.test(bits) && isIPv4(address) && privateRanges.check(address)) {
    if (toNumber(address) % sizeOf(subnet) === 0) return subnet;
  }
  throw new LabProblem(
    'lab-input',
    `${JSON.stringify(subnet)} is no network for a lab`,
    'name a private network of /16 to /28 by its first address, such as 10.213.7.0/24',
  );
}

/** Whether two networks, or a network and an address, have an address in common. */
export function overlaps(one: string, other: string): boolean {
  const [wider, narrower] = sizeOf(one) >= sizeOf(other) ? [one, other] : [other, one];
  const distance = toNumber(narrower) - toNumber(wider);
  return distance >= 0 && distance < sizeOf(wider);
}

/** This machine's address in the lab. */
export function machineAddress(subnet: string): string {
  return toAddress(toNumber(subnet) + 1);
}

export function prefixLength(subnet: string): number {
  return Number(subnet.split('/')[1] ?? 32);
}

/** The first address that is not taken, from .11 on. */
export function nextAddress(subnet: string, taken: readonly string[]): string {
  const first = toNumber(subnet);
  for (let offset = Math.min(FIRST_HOST, sizeOf(subnet) - 2); offset < sizeOf(subnet) - 1; offset++) {
    const address = toAddress(first + offset);
    if (!taken.includes(address)) return address;
  }
  throw new LabProblem('lab-input', `${subnet} has no address left`, 'use fewer hosts, or a larger --subnet');
}

export function checkHostAddress(address: string, subnet: string): string {
  const offset = isIPv4(address) ? toNumber(address) - toNumber(subnet) : -1;
  if (offset >= 2 && offset < sizeOf(subnet) - 1) return address;
  const [first, last] = [2, sizeOf(subnet) - 2].map((one) => toAddress(toNumber(subnet) + one));
  throw new LabProblem(
    'lab-input',
    `${JSON.stringify(address)} is no address for a host of ${subnet}`,
    `use ${first} to ${last}`,
  );
}

function sizeOf(network: string): number {
  return 2 ** (32 - prefixLength(network));
}

function toNumber(network: string): number {
  const octets = network.split('/')[0]!.split('.').map(Number);
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((bits) => Math.floor(value / 2 ** bits) % 256).join('.');
}
