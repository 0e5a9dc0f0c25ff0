import { isDeepStrictEqual } from 'node:util';
import { LabProblem } from './lab-problem.ts';
import { withLabLock } from './locks.ts';
import { applyRules } from './network.ts';
import {
  type Cut,
  type CutFrom,
  type LabFaults,
  type LabRecord,
  requireHost,
  requireRecord,
  type SlowNetwork,
  writeRecord,
} from './record.ts';
import { applyDelay } from './slow-line.ts';

/** From now on no packet passes between the host and: all others, one other host, or this machine. */
export async function cutHost(lab: string, host: string, from: CutFrom = { kind: 'all' }): Promise<void> {
  await changeFaults(lab, (record) => {
    requireHost(record, host);
    if (from.kind === 'host') requireHost(record, from.host);
    if (from.kind === 'host' && from.host === host) {
      throw new LabProblem('lab-input', `${host} cannot be cut from itself`, 'name another host');
    }
    const others = record.faults.cuts.filter((cut) => !isSameCut(cut, { host, from }));
    return { ...record.faults, cuts: [...others, { host, from }] };
  });
}

/** Delays packets on their way to the host, and loses some. */
export async function slowHost(lab: string, host: string, slow: SlowNetwork): Promise<void> {
  await changeFaults(lab, (record) => {
    requireHost(record, host);
    return { ...record.faults, slow: { ...record.faults.slow, [host]: slow } };
  });
}

/** The network is whole again: for one host, or for all. */
export async function healNetwork(lab: string, host?: string): Promise<void> {
  await changeFaults(lab, (record) => {
    if (host === undefined) return { cuts: [], slow: {} };
    requireHost(record, host);
    const { [host]: _, ...slow } = record.faults.slow;
    return { cuts: record.faults.cuts.filter((cut) => !concerns(cut, host)), slow };
  });
}

function concerns(cut: Cut, host: string): boolean {
  return cut.host === host || (cut.from.kind === 'host' && cut.from.host === host);
}

function isSameCut(one: Cut, other: Cut): boolean {
  return isDeepStrictEqual(one, other);
}

/** The record comes after the effect: a fault that this machine cannot make is not recorded. */
async function changeFaults(lab: string, change: (record: LabRecord) => LabFaults): Promise<void> {
  requireRecord(lab);
  await withLabLock(lab, async () => {
    const before = requireRecord(lab);
    const after = { ...before, faults: change(before) };
    for (const host of after.hosts) {
      const [was, is] = [before.faults.slow[host.name], after.faults.slow[host.name]];
      if (was?.delayMs !== is?.delayMs) await applyDelay(after, host);
    }
    await applyRules(after);
    writeRecord(after);
  });
}
