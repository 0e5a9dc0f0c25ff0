import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { findProcess } from '../hosts/local/supervisor/process-table.ts';
import { checkSshAccess, insideHost } from './access.ts';
import { baseDigest, ensureBaseImage } from './base-image.ts';
import { run } from './command.ts';
import { removeControlGroups } from './control-groups.ts';
import { ensureDisk } from './disk.ts';
import { withHostsEntries } from './host-files.ts';
import { ensureKeys } from './keys.ts';
import { LabProblem } from './lab-problem.ts';
import { removeLabLock, withLabLock, withMachineLock } from './locks.ts';
import { findInit, powerOff, powerOn, requireInit } from './machine.ts';
import { checkHostName, checkLabName } from './naming.ts';
import {
  ensureNetwork,
  networksInUse,
  removeNetwork,
  restoreForwarding,
  turnForwardingOn,
} from './network.ts';
import { keepPackages } from './package-cache.ts';
import { labPaths } from './paths.ts';
import {
  type HostRecord,
  type LabFaults,
  type LabOwner,
  type LabRecord,
  labNames,
  noFaults,
  readRecord,
  requireHost,
  requireRecord,
  writeRecord,
} from './record.ts';
import { requireLabMachine } from './requirements.ts';
import {
  checkHostAddress,
  checkSubnet,
  freeSubnet,
  machineAddress,
  nextAddress,
  overlaps,
} from './subnet.ts';

/** Real Debian machines on this one: each with its own systemd, sshd, disk and network address. */
export interface Lab {
  readonly name: string;
  /** Such as `10.213.1.0/24`. */
  readonly subnet: string;
  /** This machine, as its hosts see it: the first address of the network. */
  readonly machineAddress: string;
  readonly hosts: readonly LabHost[];
  /** Lets in as root on every host. */
  readonly privateKeyFile: string;
  /** The key of every host, by name and address, known before its first boot. */
  readonly knownHostsFile: string;
  /** For `ssh -F`: hosts by name, with key and known hosts. */
  readonly sshConfigFile: string;
}

export interface LabHost {
  readonly name: string;
  readonly address: string;
}

export interface LabRequest {
  readonly name: string;
  readonly hosts: readonly (string | { readonly name: string; readonly address?: string })[];
  /** A private /24; unless given, the first free one of 10.213.1.0/24 and up, or that of the first given address. */
  readonly subnet?: string;
  /** Size of each host's disk; 4 GiB unless given. Only what is written takes space on this machine. */
  readonly diskBytes?: number;
  /** The lab is removed by {@link removeOrphanedLabs} once this process is gone. */
  readonly owner?: LabOwner;
  onProgress?(progress: LabProgress): void;
}

export type LabProgress =
  | { readonly kind: 'building-base-image' }
  | { readonly kind: 'network-ready'; readonly subnet: string }
  | { readonly kind: 'host-starting' | 'host-ready' | 'host-removed'; readonly host: string };

export interface LabStatus extends Omit<Lab, 'hosts'> {
  readonly hosts: readonly (LabHost & { readonly isOn: boolean })[];
  readonly faults: LabFaults;
}

const DEFAULT_DISK_BYTES = 4 * 1024 ** 3;

/**
 * Brings a lab up. One that runs already gets the hosts that it lacks, and those that are off are started; nothing
 * else of it changes. Resolves when SSH works on every host that was started.
 */
export async function labUp(request: LabRequest): Promise<Lab> {
  checkLabName(request.name);
  requireLabMachine();
  const report = (progress: LabProgress) => request.onProgress?.(progress);
  await ensureBaseImage(() => report({ kind: 'building-base-image' }));
  return withLabLock(request.name, async () => {
    const record = await withMachineLock(async () => {
      turnForwardingOn();
      const planned = await planLab(request);
      writeRecord(planned);
      return planned;
    });
    await ensureKeys(record);
    await ensureNetwork(record);
    report({ kind: 'network-ready', subnet: record.subnet });
    await Promise.all(record.hosts.map((host) => bringUp(record, host, report)));
    return describe(record);
  });
}

async function bringUp(
  record: LabRecord,
  host: HostRecord,
  report: (progress: LabProgress) => void,
): Promise<void> {
  await ensureDisk(record, host);
  const running = await findInit(record.name, host.name);
  if (running !== undefined) {
    nameHosts(record, running);
    return;
  }
  report({ kind: 'host-starting', host: host.name });
  await startHost(record, host);
  if (record.faults.cuts.length === 0) await checkSshAccess(record.name, host.name);
  report({ kind: 'host-ready', host: host.name });
}

/** Also teaches the host names of hosts that came after it. */
async function startHost(record: LabRecord, host: HostRecord): Promise<void> {
  await powerOn(record, host);
  nameHosts(record, await requireInit(record.name, host.name));
}

function nameHosts(record: LabRecord, init: number): void {
  const file = `/proc/${init}/root/etc/hosts`;
  const present = readFileSync(file, 'utf8');
  const wanted = withHostsEntries(present, record);
  if (wanted !== present) writeFileSync(file, wanted);
}

/** The record that fulfils a request: what is there stays, what is missing is added. */
async function planLab(request: LabRequest): Promise<LabRecord> {
  const present = readRecord(request.name);
  const wanted = request.hosts.map((one) => (typeof one === 'string' ? { name: one } : one));
  const subnet =
    present?.subnet ?? (await chooseSubnet(request, wanted.find(({ address }) => address)?.address));
  const hosts = [...(present?.hosts ?? [])];
  for (const { name, address } of wanted) {
    checkHostName(name);
    const found = hosts.find((one) => one.name === name);
    if (found && (address === undefined || address === found.address)) continue;
    if (found) throw taken(`${name} has the address ${found.address}, not ${address}`);
    const holder = hosts.find((one) => one.address === address);
    if (holder) throw taken(`${address} is the address of ${holder.name}`);
    hosts.push({ name, address: address === undefined ? '' : checkHostAddress(address, subnet) });
  }
  const owner = request.owner ?? present?.owner;
  return {
    name: request.name,
    subnet,
    base: present?.base ?? baseDigest,
    diskBytes: present?.diskBytes ?? request.diskBytes ?? DEFAULT_DISK_BYTES,
    hosts: withAddresses(hosts, subnet),
    faults: present?.faults ?? noFaults,
    ...(owner && { owner }),
  };
}

/** Those that asked for none get the first free ones, in order. */
function withAddresses(hosts: readonly HostRecord[], subnet: string): readonly HostRecord[] {
  const used = hosts.map(({ address }) => address).filter(Boolean);
  return hosts.map(({ name, address }) => {
    if (address) return { name, address };
    const next = nextAddress(subnet, used);
    used.push(next);
    return { name, address: next };
  });
}

function taken(fact: string): LabProblem {
  return new LabProblem(
    'lab-input',
    fact,
    'choose other addresses, or take the lab down and bring it up anew',
  );
}

async function chooseSubnet(request: LabRequest, address: string | undefined): Promise<string> {
  const labs = labNames().flatMap((name) => readRecord(name)?.subnet ?? []);
  const inUse = [...labs, ...(await networksInUse())];
  const asked = request.subnet ?? address?.replace(/\d+$/, '0/24');
  if (asked === undefined) return freeSubnet(inUse);
  const other = inUse.find((one) => overlaps(checkSubnet(asked), one));
  if (other === undefined) return asked;
  throw new LabProblem(
    'lab-no-subnet',
    `${asked} overlaps with ${other}, which this machine or another lab uses`,
    'choose another network, or leave the choice to Fairway',
  );
}

/** Removes a lab with everything of it. Harmless when there is none. */
export async function labDown(name: string, onProgress?: (progress: LabProgress) => void): Promise<void> {
  checkLabName(name);
  requireLabMachine();
  await withLabLock(name, async () => {
    const hosts = readRecord(name)?.hosts ?? [];
    await Promise.all(
      hosts.map(async (host) => {
        const init = await findInit(name, host.name);
        if (init !== undefined) keepPackages(init);
        await powerOff(name, host);
        onProgress?.({ kind: 'host-removed', host: host.name });
      }),
    );
    await withMachineLock(async () => {
      await removeNetwork(name);
      removeControlGroups(name);
      rmSync(labPaths(name).run, { recursive: true, force: true });
      rmSync(labPaths(name).directory, { recursive: true, force: true });
      if (labNames().length === 0) restoreForwarding();
    });
    await removeLabLock(name);
  });
}

/** Takes down the labs whose owners are gone: a test that was killed, for example. */
export async function removeOrphanedLabs(): Promise<void> {
  for (const name of labNames()) {
    const owner = readRecord(name)?.owner;
    if (owner && findProcess(owner.pid)?.identity !== owner.identity) await labDown(name);
  }
}

export async function labStatus(name: string): Promise<LabStatus> {
  requireLabMachine();
  const record = requireRecord(checkLabName(name));
  const hosts = record.hosts.map(async ({ name: host, address }) => {
    return { name: host, address, isOn: (await findInit(name, host)) !== undefined };
  });
  return { ...describe(record), hosts: await Promise.all(hosts), faults: record.faults };
}

/** The labs of this machine, those that are off included. */
export function listLabs(): readonly Lab[] {
  return labNames().flatMap((name) => {
    const record = readRecord(name);
    return record ? [describe(record)] : [];
  });
}

function describe(record: LabRecord): Lab {
  const paths = labPaths(record.name);
  return {
    name: record.name,
    subnet: record.subnet,
    machineAddress: machineAddress(record.subnet),
    hosts: record.hosts,
    privateKeyFile: paths.privateKey,
    knownHostsFile: paths.knownHosts,
    sshConfigFile: paths.sshConfig,
  };
}

/** Powers a host off hard, as a power cut does. Its disk stays as it is. */
export async function killHost(lab: string, host: string): Promise<void> {
  await withLabLock(lab, () => powerOff(lab, requireHost(requireRecord(lab), host)));
}

/** Powers a host on again. Harmless when it is on. */
export async function startHostAgain(lab: string, host: string): Promise<void> {
  await withLabLock(lab, async () => {
    const record = requireRecord(lab);
    const found = requireHost(record, host);
    if ((await findInit(lab, host)) === undefined) await startHost(record, found);
  });
}

/** Runs a command inside a host as root, past its network, and gives its output. */
export async function execInHost(lab: string, host: string, words: readonly string[]): Promise<string> {
  requireHost(requireRecord(lab), host);
  const [program, ...args] = insideHost(await requireInit(lab, host), words);
  return run(program!, args);
}
