import { isIP } from 'node:net';
import { type Finding, finding, touches, unfit, valueAt } from './finding.ts';
import type { Machines } from './machines.ts';
import { HOST_NAME, isDnsName } from './names.ts';
import { pendingAddress } from './not-provisioned.ts';
import type { Host } from './production.ts';
import { expandRange, InvalidRange } from './ranges.ts';
import { hostsSchema } from './schema/machine-schema.ts';
import { readWithoutBroken } from './without-broken.ts';
import type { Path } from './yaml-tree.ts';

/** A host that the file names, before it is known what runs on it. */
export interface NamedHost extends Pick<Host, 'name' | 'address' | 'isCreated'> {
  /** Its key under `hosts`; undefined for this machine. */
  readonly key?: string;
}

/** The machine that Fairway itself runs on. */
export const LOCAL_HOST = {
  name: 'local',
  address: '127.0.0.1',
  isCreated: false,
} as const satisfies NamedHost;

export interface ExpandedHosts {
  /** This machine first, with provider local. */
  readonly hosts: readonly NamedHost[];
  /** What is wrong with ranges, names and addresses. What the schema says of the section is not repeated. */
  readonly findings: readonly Finding[];
  /** False when some hosts could not be read. */
  readonly complete: boolean;
}

type Section = Readonly<Record<string, { readonly address?: string | undefined }>>;

/** The hosts that a document's `hosts:` section names, as far as it is fine. `machines`: those that were created. */
export function readHosts(document: unknown, machines: Machines): ExpandedHosts {
  const section = valueAt(document, ['hosts']) ?? {};
  const parsed = hostsSchema.safeParse(section);
  const broken = parsed.success ? [] : parsed.error.issues.map((issue) => issue.path as Path);
  const provider = valueAt(document, ['provider']) ?? 'local';
  const readable = readWithoutBroken(hostsSchema, section, broken) ?? {};
  const { hosts, findings } = expandHosts(readable, String(provider), machines);
  // What is broken was left out, and must not be missed.
  const own = findings.filter((found) => !broken.some((path) => touches(['hosts', ...path], found.path)));
  return { hosts, findings: own, complete: parsed.success && findings.length === 0 };
}

/** What `${hosts.NAME.address}` stands for. */
export function addressesOf(hosts: readonly NamedHost[]): ReadonlyMap<string, string> {
  return new Map(hosts.map(({ name, address }) => [name, address ?? pendingAddress(name)]));
}

function expandHosts(
  section: Section,
  provider: string,
  machines: Machines,
): Omit<ExpandedHosts, 'complete'> {
  const isRemote = ['ssh', 'lab', 'aws'].includes(provider);
  const isCreator = provider === 'lab' || provider === 'aws';
  const hosts = new Map<string, NamedHost>(isRemote ? [] : [[LOCAL_HOST.name, LOCAL_HOST]]);
  const findings: Finding[] = [];
  for (const [key, { address }] of Object.entries(section)) {
    const keyPath = ['hosts', key];
    const names = expand(key);
    if (names instanceof InvalidRange) {
      findings.push(finding(keyPath, 'key', `found ${JSON.stringify(key)}, expected ${names.message}`));
      continue;
    }
    const isCreated = isCreator && address === undefined;
    const addresses = isCreated
      ? names.map((name) => machines[name]?.address)
      : givenAddresses(address, names.length, [...keyPath, 'address']);
    if (!Array.isArray(addresses)) {
      findings.push(addresses as Finding);
      continue;
    }
    const bad = addresses.find((one) => one !== undefined && !isAddress(one));
    if (bad !== undefined) findings.push(unfit([...keyPath, 'address'], bad, 'an IP address or a host name'));
    for (const [index, name] of names.entries()) {
      const problem = nameProblem(name, hosts);
      if (problem !== undefined) {
        findings.push(finding(keyPath, 'key', problem));
        break;
      }
      const one = addresses[index];
      hosts.set(name, { name, key, isCreated, ...(one !== undefined && { address: one }) });
    }
  }
  return { hosts: [...hosts.values()], findings };
}

/** One address for each of so many names. */
function givenAddresses(written: string | undefined, count: number, path: Path): readonly string[] | Finding {
  if (written === undefined) return unfit(path, undefined, 'an IP address or a host name');
  const addresses = expand(written);
  if (addresses instanceof InvalidRange) return unfit(path, written, addresses.message);
  if (addresses.length === count) return addresses;
  const expected = count === 1 ? 'one address' : `a range of ${count}, one for each host`;
  return unfit(path, written, `${expected} (found ${addresses.length})`);
}

function nameProblem(name: string, hosts: ReadonlyMap<string, NamedHost>): string | undefined {
  if (!HOST_NAME.test(name)) return `found the name "${name}", expected at most 63 of a-z, 0-9 and -`;
  if (name === LOCAL_HOST.name)
    return 'found the host local, which always is this machine, expected another name';
  if (hosts.has(name)) return `found the host ${name}, which is named before, expected another name`;
  return undefined;
}

function isAddress(text: string): boolean {
  return isIP(text) !== 0 || (!/^[\d.]+$/.test(text) && isDnsName(text));
}

function expand(text: string): readonly string[] | InvalidRange {
  try {
    return expandRange(text);
  } catch (error) {
    if (error instanceof InvalidRange) return error;
    throw error;
  }
}

/** Whether instances on it run on this machine. */
export function isThisMachine({ address }: NamedHost): boolean {
  return address !== undefined && (/^127\./.test(address) || address === '::1' || address === 'localhost');
}
