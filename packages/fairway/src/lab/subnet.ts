import { BlockList, isIPv4 } from 'node:net';
import { LabProblem } from './lab-problem.ts';

/** A lab's network is a /24. This machine is .1 in it, hosts follow from .11. */
const FIRST_HOST = 11;
const LAST_HOST = 254;

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
  const match = /^((?:\d{1,3}\.){3})0\/24$/.exec(subnet);
  if (match && isIPv4(`${match[1]}0`) && privateRanges.check(`${match[1]}0`)) return subnet;
  throw new LabProblem(
    'lab-input',
    `${JSON.stringify(subnet)} is no network for a lab`,
    'name a private network of 256 addresses, such as 10.213.7.0/24',
  );
}

/** Whether two networks, or a network and an address, have an address in common. */
export function overlaps(one: string, other: string): boolean {
  const [left, right] = [parse(one), parse(other)];
  if (left.bits === 0 || right.bits === 0) return false;
  const wider = left.bits <= right.bits ? left : right;
  const narrower = wider === left ? right : left;
  const list = new BlockList();
  list.addSubnet(wider.address, wider.bits);
  return list.check(narrower.address);
}

function parse(network: string): { readonly address: string; readonly bits: number } {
  const [address = '', bits = '32'] = network.split('/');
  return { address, bits: Number(bits) };
}

/** This machine's address in the lab. */
export function machineAddress(subnet: string): string {
  return subnet.replace(/0\/24$/, '1');
}

/** The first address that is not taken, from .11 on. */
export function nextAddress(subnet: string, taken: readonly string[]): string {
  const prefix = subnet.replace(/0\/24$/, '');
  for (let last = FIRST_HOST; last <= LAST_HOST; last++) {
    if (!taken.includes(`${prefix}${last}`)) return `${prefix}${last}`;
  }
  throw new LabProblem('lab-input', `${subnet} has no address left`, 'use fewer hosts, or a second lab');
}

export function checkHostAddress(address: string, subnet: string): string {
  const last = Number(address.slice(address.lastIndexOf('.') + 1));
  if (isIPv4(address) && overlaps(address, subnet) && last >= 2 && last <= LAST_HOST) return address;
  throw new LabProblem(
    'lab-input',
    `${JSON.stringify(address)} is no address for a host of ${subnet}`,
    `use ${subnet.replace(/0\/24$/, '2')} to ${subnet.replace(/0\/24$/, String(LAST_HOST))}`,
  );
}
