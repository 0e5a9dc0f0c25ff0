import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** One process, as the system lists it. Zombies are not listed: nothing of them runs. */
export interface ProcessEntry {
  readonly pid: number;
  readonly group: number;
  /** Tells this process from a later one that was given the same pid, also over a reboot. */
  readonly identity: string;
}

const hasProc = process.platform === 'linux';

/** The process with this pid, unless it is gone or a zombie. */
export function findProcess(pid: number): ProcessEntry | undefined {
  return hasProc ? readProc(pid) : listWithPs(['-p', String(pid)])[0];
}

/** Every process of a process group. */
export function listGroup(group: number): readonly ProcessEntry[] {
  if (!mayHaveMembers(group)) return [];
  return listProcesses().filter((entry) => entry.group === group);
}

export function listProcesses(): readonly ProcessEntry[] {
  if (!hasProc) return listWithPs(['-A']);
  return procPids()
    .map(readProc)
    .filter((entry) => entry !== undefined);
}

/** Resident memory in bytes: VmRSS of /proc/PID/status, see proc(5); pages shared by processes count in each. */
export function residentBytes(pid: number): number {
  try {
    if (!hasProc) return 1024 * Number(ps(['-o', 'rss=', '-p', String(pid)]).trim());
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return 1024 * Number(kibibytes?.[1] ?? 0);
  } catch {
    return 0;
  }
}

export function procPids(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Asking the kernel about a group costs one system call; listing all processes costs hundreds. */
function mayHaveMembers(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Fields of /proc/PID/stat, see proc(5): 3 state, 5 process group, 22 start time in ticks since boot. */
function readProc(pid: number): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets, and may itself hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return { pid, group: Number(fields[2]), identity: `${bootId()}/${fields[19]}` };
  } catch {
    return undefined;
  }
}

let knownBootId: string | undefined;

/** Start times count from boot, so two boots can give the same pid and time. */
export function bootId(): string {
  knownBootId ??= hasProc ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : '';
  return knownBootId;
}

function listWithPs(selection: readonly string[]): readonly ProcessEntry[] {
  let text: string;
  try {
    text = ps([...selection, '-o', 'pid=,pgid=,stat=,lstart=']);
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line);
    if (!match || match[3]!.startsWith('Z')) return [];
    return [{ pid: Number(match[1]), group: Number(match[2]), identity: match[4]! }];
  });
}

function ps(args: readonly string[]): string {
  return execFileSync('ps', args, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
}
