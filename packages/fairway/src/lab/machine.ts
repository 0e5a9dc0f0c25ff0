import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { listGroup } from '../hosts/local/supervisor/process-table.ts';
import { hasScopes, makeControlGroup, removeControlGroups, unifiedHierarchy } from './control-groups.ts';
import { isDiskInUse } from './disk.ts';
import { type Accounting, keeperCommand, machineName } from './keeper.ts';
import { LabProblem } from './lab-problem.ts';
import { findMarked, killProcess } from './marked-process.ts';
import { connectHost, disconnectHost, hostProcesses, pullCable } from './network.ts';
import { hostPaths, packageCache } from './paths.ts';
import type { HostRecord, LabRecord } from './record.ts';

const BOOT_PATIENCE_MS = 60_000;
const DEATH_PATIENCE_MS = 20_000;

/** Powers a host on, with its disk as it is, and resolves when its sshd listens. */
export async function powerOn(record: LabRecord, host: HostRecord): Promise<void> {
  await clearAway(record.name, host);
  await connectHost(record, host);
  const keeper = startKeeper(record, host);
  await waitFor(`${host.name} to boot`, BOOT_PATIENCE_MS, async () => {
    const init = await findInit(record.name, host.name);
    if (init !== undefined) return listensForSsh(init);
    if (hasEnded(keeper)) throw diedAtStart(host.name, hostPaths(record.name, host.name).console);
    return false;
  });
}

function startKeeper(record: LabRecord, host: HostRecord): ChildProcess {
  const paths = hostPaths(record.name, host.name);
  mkdirSync(dirname(paths.keeper), { recursive: true, mode: 0o755 });
  mkdirSync(packageCache, { recursive: true, mode: 0o755 });
  const command = keeperCommand(record, host, accountingOf(record, host));
  const log = openSync(paths.console, 'w');
  const child = spawn(command.program, command.args, {
    cwd: '/',
    env: command.environment,
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.on('error', () => undefined);
  child.unref();
  closeSync(log);
  return child;
}

function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

function accountingOf(record: LabRecord, { name }: HostRecord): Accounting {
  if (hasScopes()) return { kind: 'scope' };
  const group = makeControlGroup(record.name, name, record.memoryBytes);
  return { kind: 'group', group, home: unifiedHierarchy()! };
}

/** Powers a host off as a power cut does: no process gets to say goodbye. Its disk stays. */
export async function powerOff(lab: string, host: HostRecord): Promise<void> {
  await pullCable(lab, host);
  await clearAway(lab, host);
}

/** Ends what is left of a machine and takes its network away; harmless when there is nothing. */
async function clearAway(lab: string, host: HostRecord): Promise<void> {
  const { keeper, disk } = hostPaths(lab, host.name);
  await waitFor(`${host.name} to be off`, DEATH_PATIENCE_MS, async () => {
    // The machine first, and only then what keeps it, so that its processes are waited for by their parents.
    const inside = await hostProcesses(lab, host.name);
    const pids = inside.length > 0 ? inside : keeperGroup(lab, host.name);
    for (const pid of pids) killProcess(pid);
    return pids.length === 0 && !isDiskInUse(disk) && removeControlGroups(lab, host.name);
  });
  await disconnectHost(lab, host);
  rmSync(keeper, { force: true });
  rmSync(join('/run/systemd/nspawn/propagate', machineName(lab, host)), { recursive: true, force: true });
}

/** The pid, on this machine, of the host's process 1; undefined when the host is off. */
export async function findInit(lab: string, host: string): Promise<number | undefined> {
  return (await hostProcesses(lab, host)).find((pid) => pidInside(pid) === 1);
}

export async function requireInit(lab: string, host: string): Promise<number> {
  const init = await findInit(lab, host);
  if (init !== undefined) return init;
  throw new LabProblem('lab-host-off', `${host} is off`, `power it on: fairway lab start ${host}`);
}

function keeperGroup(lab: string, host: string): readonly number[] {
  const keeper = findMarked(hostPaths(lab, host).keeper);
  // This very process, when a reboot from within has brought it here.
  return keeper === undefined
    ? []
    : listGroup(keeper).flatMap(({ pid }) => (pid === process.pid ? [] : [pid]));
}

/** Field NSpid of /proc/PID/status: the pid in each namespace, the innermost last. */
function pidInside(pid: number): number | undefined {
  try {
    const line = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    const pids = line?.[1]?.split(/\s+/) ?? [];
    return pids.length > 1 ? Number(pids.at(-1)) : undefined;
  } catch {
    return undefined;
  }
}

/** Looks for a listener (state 0A) on port 22 (0016 in hexadecimal); works however the network is. */
function listensForSsh(init: number): boolean {
  return ['tcp', 'tcp6'].some((table) => {
    try {
      return /^\s*\d+: [0-9A-F]+:0016 [0-9A-F]+:0000 0A /m.test(
        readFileSync(`/proc/${init}/net/${table}`, 'utf8'),
      );
    } catch {
      return false;
    }
  });
}

function diedAtStart(host: string, console: string): LabProblem {
  const said = readFileSync(console, 'utf8').trim().split('\n').slice(-5).join('\n');
  return new LabProblem(
    'lab-host-silent',
    `${host} did not start: ${said || 'nothing written'}`,
    `see ${console}`,
  );
}

async function waitFor(
  what: string,
  timeoutMs: number,
  ask: () => boolean | Promise<boolean>,
): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; ; await delay(25)) {
    if (await ask()) return;
    if (Date.now() > deadline) {
      throw new LabProblem('lab-host-silent', `${timeoutMs / 1000} s were not enough for ${what}`);
    }
  }
}
