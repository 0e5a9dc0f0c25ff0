import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { LabProblem } from './lab-problem.ts';
import { checkLabName } from './naming.ts';
import { labPaths, labsDirectory } from './paths.ts';

/** What is known of a lab, as written to its lab.json. */
export interface LabRecord {
  readonly name: string;
  readonly subnet: string;
  /** The base image that the hosts' disks lie over: a digest of its recipe. */
  readonly base: string;
  readonly diskBytes: number;
  /** Of this machine's memory, for each host. */
  readonly memoryBytes?: number;
  readonly hosts: readonly HostRecord[];
  readonly faults: LabFaults;
  /** The process for which the lab is there; without it, the lab may be removed. */
  readonly owner?: LabOwner;
}

export interface HostRecord {
  readonly name: string;
  readonly address: string;
}

export interface LabOwner {
  readonly pid: number;
  /** Tells the process from a later one with the same pid. */
  readonly identity: string;
}

export interface LabFaults {
  readonly cuts: readonly Cut[];
  readonly slow: Readonly<Record<string, SlowNetwork>>;
}

/** No packet passes between the host and: everybody, one other host, or this machine. */
export interface Cut {
  readonly host: string;
  readonly from: CutFrom;
}

export type CutFrom = { readonly kind: 'all' | 'machine' } | { readonly kind: 'host'; readonly host: string };

/** What happens to packets on their way to a host. At least one of the two is not 0. */
export interface SlowNetwork {
  readonly delayMs: number;
  /** 1 is a hundredth of a percent. */
  readonly lossBasisPoints: number;
}

export const noFaults: LabFaults = { cuts: [], slow: {} };

export function readRecord(lab: string): LabRecord | undefined {
  const { record } = labPaths(lab);
  if (!existsSync(record)) return undefined;
  return JSON.parse(readFileSync(record, 'utf8')) as LabRecord;
}

export function requireRecord(lab: string): LabRecord {
  const record = readRecord(checkLabName(lab));
  if (record) return record;
  const names = labNames();
  throw new LabProblem(
    'lab-missing',
    `there is no lab "${lab}"`,
    names.length > 0
      ? `the labs here are: ${names.join(', ')}; name one with --name`
      : 'make one with: fairway lab up',
  );
}

export function requireHost(record: LabRecord, host: string): HostRecord {
  const found = record.hosts.find(({ name }) => name === host);
  if (found) return found;
  const names = record.hosts.map(({ name }) => name).join(', ');
  throw new LabProblem(
    'lab-input',
    `the lab "${record.name}" has no host ${JSON.stringify(host)}`,
    `its hosts are: ${names}`,
  );
}

export function writeRecord(record: LabRecord): void {
  const { directory, record: file } = labPaths(record.name);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, `${JSON.stringify(record, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** All labs of this machine, also half-made ones. */
export function labNames(): readonly string[] {
  return existsSync(labsDirectory) ? readdirSync(labsDirectory).sort() : [];
}
