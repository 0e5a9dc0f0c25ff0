import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { findProcess } from '../hosts/local/supervisor/process-table.ts';
import { checkSshAccess, insideHost } from './access.ts';
import { baseDigest, ensureBaseImage } from './base-image.ts';
import { run } from './command.ts';
import { canLimitMemory, removeControlGroups } from './control-groups.ts';
import { ensureDisk } from './disk.ts';
import { withHostsEntries } from './host-files.ts';
import { ensureKeys } from './keys.ts';
import { type LabPlanRequest, planLab } from './lab-plan.ts';
import { LabProblem } from './lab-problem.ts';
import { removeLabLock, withBaseLock, withLabLock, withMachineLock } from './locks.ts';
import { findInit, powerOff, powerOn, requireInit } from './machine.ts';
import { checkLabName } from './naming.ts';
import {
  ensureNetwork,
  networksInUse,
  removeNetwork,
  restoreForwarding,
  turnForwardingOn,
} from './network.ts';
import { keepPackages } from './package-cache.ts';
import { cacheDirectory, labPaths, labsDirectory, runDirectory } from './paths.ts';
import {
  type HostRecord,
  type LabFaults,
  type LabRecord,
  labNames,
  noFaults,
  readRecord,
  requireHost,
  requireRecord,
  writeRecord,
} from './record.ts';
import { requireLabMachine } from './requirements.ts';
import { machineAddress } from './subnet.ts';

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

export interface LabRequest extends LabPlanRequest {
  onProgress?(progress: LabProgress): void;
}

export type LabProgress =
  | { readonly kind: 'building-base-image' | 'memory-not-limited' }
  | { readonly kind: 'network-ready'; readonly subnet: string }
  | { readonly kind: 'host-starting' | 'host-ready' | 'host-removed'; readonly host: string };

export interface LabStatus extends Omit<Lab, 'hosts'> {
  readonly hosts: readonly (LabHost & { readonly isOn: boolean })[];
  readonly faults: LabFaults;
}

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
      const planned = planLab(
        request,
        readRecord(request.name),
        await otherNetworks(request.name),
        baseDigest,
      );
      turnForwardingOn();
      writeRecord(planned);
      return planned;
    });
    await ensureKeys(record);
    await ensureNetwork(record);
    if (record.memoryBytes !== undefined && !canLimitMemory()) report({ kind: 'memory-not-limited' });
    report({ kind: 'network-ready', subnet: record.subnet });
    await Promise.all(record.hosts.map((host) => bringUp(record, host, report)));
    return describe(record);
  });
}

/** What this machine and its other labs use already. */
async function otherNetworks(lab: string): Promise<readonly string[]> {
  const labs = labNames().filter((name) => name !== lab);
  return [...labs.flatMap((name) => readRecord(name)?.subnet ?? []), ...(await networksInUse())];
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
  await boot(record, host);
  if (isDeepStrictEqual(record.faults, noFaults)) await checkSshAccess(record.name, host.name);
  report({ kind: 'host-ready', host: host.name });
}

/** Also teaches the host names of hosts that came after it. */
async function boot(record: LabRecord, host: HostRecord): Promise<void> {
  await powerOn(record, host);
  nameHosts(record, await requireInit(record.name, host.name));
}

function nameHosts(record: LabRecord, init: number): void {
  const file = `/proc/${init}/root/etc/hosts`;
  const present = readFileSync(file, 'utf8');
  const wanted = withHostsEntries(present, record);
  if (wanted !== present) writeFileSync(file, wanted);
}

/** Removes a lab with everything of it. False when there was none. */
export async function labDown(name: string, onProgress?: (progress: LabProgress) => void): Promise<boolean> {
  checkLabName(name);
  requireLabMachine();
  return withLabLock(name, async () => {
    const isThere = labNames().includes(name);
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
      if (labNames().length > 0) return;
      restoreForwarding();
      for (const folder of [labsDirectory, runDirectory]) rmSync(folder, { recursive: true, force: true });
    });
    await removeLabLock(name);
    return isThere;
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
  const record = requireRecord(name);
  const hosts = record.hosts.map(async ({ name: host, address }) => {
    return { name: host, address, isOn: (await findInit(name, host)) !== undefined };
  });
  return { ...describe(record), hosts: await Promise.all(hosts), faults: record.faults };
}

/** The labs of this machine, those that are off included. */
export function listLabs(): readonly Lab[] {
  requireLabMachine();
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
  const found = requireHost(requireRecord(lab), host);
  await withLabLock(lab, () => powerOff(lab, found));
}

/** Powers a host on, with its disk as it was, and resolves when its sshd listens. Harmless when it is on. */
export async function startHost(lab: string, host: string): Promise<void> {
  requireHost(requireRecord(lab), host);
  await withLabLock(lab, async () => {
    const record = requireRecord(lab);
    if ((await findInit(lab, host)) === undefined) await boot(record, requireHost(record, host));
  });
}

/** Runs a command inside a host as root, past its network, and gives its output. */
export async function execInHost(lab: string, host: string, words: readonly string[]): Promise<string> {
  const [program, ...args] = await commandInHost(lab, host, words);
  return run(program!, args);
}

/** The command that, run on this machine, runs another one inside a host as root, past its network. */
export async function commandInHost(
  lab: string,
  host: string,
  words: readonly string[],
): Promise<readonly string[]> {
  requireHost(requireRecord(lab), host);
  return insideHost(await requireInit(lab, host), words);
}

/** Removes what labs share: base images and downloaded packages. Refuses while there are labs. */
export async function removeLabCache(): Promise<void> {
  requireLabMachine();
  await withBaseLock(() =>
    withMachineLock(async () => {
      const names = labNames();
      if (names.length > 0) {
        throw new LabProblem(
          'lab-busy',
          `the base image is in use by the labs: ${names.join(', ')}`,
          'take them down first: fairway lab down --name NAME',
        );
      }
      rmSync(cacheDirectory, { recursive: true, force: true });
    }),
  );
}
