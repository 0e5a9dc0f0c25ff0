import { isIPv4 } from 'node:net';
import { LabProblem } from './lab-problem.ts';
import { checkHostName, checkLabName } from './naming.ts';
import { type HostRecord, type LabOwner, type LabRecord, noFaults } from './record.ts';
import { checkHostAddress, checkSubnet, freeSubnet, nextAddress, overlaps } from './subnet.ts';

export interface LabPlanRequest {
  readonly name: string;
  readonly hosts: readonly (string | HostRequest)[];
  /** A private network of /16 to /28; unless given, that of the first given address, or 10.213.1.0/24 or a free one above. */
  readonly subnet?: string;
  /** Size of each host's disk; 4 GiB unless given. Only what is written takes space on this machine. */
  readonly diskBytes?: number;
  /** What each host may use of this machine's memory; no limit unless given. */
  readonly memoryBytes?: number;
  /** The lab may be removed once this process is gone. */
  readonly owner?: LabOwner;
}

export interface HostRequest {
  readonly name: string;
  /** Unless given, the first free one from .11 on. */
  readonly address?: string;
}

const DEFAULT_DISK_BYTES = 4 * 1024 ** 3;

/** The lab that fulfils a request: of one that is there nothing changes, and what is missing is added. */
export function planLab(
  request: LabPlanRequest,
  present: LabRecord | undefined,
  networksInUse: readonly string[],
  base: string,
): LabRecord {
  const wanted = request.hosts.map((one) => (typeof one === 'string' ? { name: one } : one));
  const subnet = present?.subnet ?? chooseSubnet(request, wanted, networksInUse);
  const owner = request.owner ?? present?.owner;
  const memoryBytes = present ? present.memoryBytes : request.memoryBytes;
  return {
    name: checkLabName(request.name),
    subnet,
    base: present?.base ?? base,
    diskBytes: present?.diskBytes ?? request.diskBytes ?? DEFAULT_DISK_BYTES,
    ...(memoryBytes !== undefined && { memoryBytes }),
    hosts: planHosts(present?.hosts ?? [], wanted, subnet),
    faults: present?.faults ?? noFaults,
    ...(owner && { owner }),
  };
}

function planHosts(
  present: readonly HostRecord[],
  wanted: readonly HostRequest[],
  subnet: string,
): readonly HostRecord[] {
  const hosts: HostRequest[] = [...present];
  for (const { name, address } of wanted) {
    checkHostName(name);
    if (address !== undefined) checkHostAddress(address, subnet);
    const known = hosts.find((one) => one.name === name);
    if (!known) {
      const holder = hosts.find((one) => address !== undefined && one.address === address);
      if (holder) throw taken(`${address} is the address of ${holder.name}`);
      hosts.push({ name, ...(address !== undefined && { address }) });
    } else if (address !== undefined && address !== known.address) {
      throw taken(`${name} has ${known.address ?? 'no given address'}, not ${address}`);
    }
  }
  return withAddresses(hosts, subnet);
}

function taken(fact: string): LabProblem {
  return new LabProblem(
    'lab-input',
    fact,
    'choose other addresses, or take the lab down and bring it up anew',
  );
}

/** Those that asked for none get the first free ones, in order. */
function withAddresses(hosts: readonly HostRequest[], subnet: string): readonly HostRecord[] {
  const used = hosts.flatMap(({ address }) => address ?? []);
  return hosts.map(({ name, address }) => {
    if (address !== undefined) return { name, address };
    const next = nextAddress(subnet, used);
    used.push(next);
    return { name, address: next };
  });
}

function chooseSubnet(
  request: LabPlanRequest,
  wanted: readonly HostRequest[],
  networksInUse: readonly string[],
): string {
  const given = wanted.find(({ address }) => address !== undefined)?.address;
  const asked = request.subnet ?? (given === undefined ? undefined : networkOf(given));
  if (asked === undefined) return freeSubnet(networksInUse);
  const other = networksInUse.find((one) => overlaps(checkSubnet(asked), one));
  if (other === undefined) return checkSubnet(asked);
  throw new LabProblem(
    'lab-no-subnet',
    `${asked} overlaps with ${other}, which this machine or another lab uses`,
    'choose another network, or leave the choice to Fairway',
  );
}

function networkOf(address: string): string {
  return isIPv4(address) ? address.replace(/\d+$/, '0/24') : address;
}
