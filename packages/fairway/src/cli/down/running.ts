import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { SlotProcess } from '../../hosts/hosts.ts';
import type { SupervisorClient } from '../../hosts/local/supervisor-client.ts';
import { isAlive } from '../client/location.ts';
import { count } from '../output/words.ts';
import { runningServer } from '../serve/running.ts';

const SERVER_END_TIMEOUT_MS = 30_000;
const LOOK_AGAIN_MS = 50;

/** What runs for a state directory. */
export interface Running {
  /** For people: `the control server (process 12)`, `5 instances of shop`. */
  readonly things: readonly string[];
  readonly serverPid: number | undefined;
  readonly supervisor: SupervisorClient | undefined;
  close(): Promise<void>;
}

/** A supervisor that died is started again to look: only one knows which processes are really its own. */
export async function findRunning(stateDirectory: string): Promise<Running> {
  const server = await runningServer(stateDirectory);
  const record = await readRecord(stateDirectory);
  const things = server ? [`the control server (process ${server.pid})`] : [];
  const { ensureSupervisor, isSupervised } = await import('../../hosts/local/ensure-supervisor.ts');
  if (!record || !(record.hasProcess || (await isSupervised(stateDirectory)))) {
    return { things, serverPid: server?.pid, supervisor: undefined, close: async () => undefined };
  }
  const supervisor = await ensureSupervisor({ stateDirectory });
  for (const app of record.apps) {
    const slots = await supervisor.get<SlotProcess[]>(`/slots?app=${encodeURIComponent(app)}`);
    const alive = slots.filter((slot) => slot.state !== 'stopped');
    if (alive.length > 0) things.push(`${count(alive.length, 'instance')} of ${app}`);
  }
  if (record.hasBalancer) things.push('the balancer');
  things.push('the supervisor');
  return { things, serverPid: server?.pid, supervisor, close: () => supervisor.close() };
}

/** Ends the server first, as it would start the others again. Says each thing once it is gone. */
export async function stopRunning(running: Running, say: (line: string) => void): Promise<void> {
  const { serverPid, supervisor, things } = running;
  if (serverPid !== undefined) {
    process.kill(serverPid, 'SIGTERM');
    await gone(serverPid);
    say(`stopped ${things[0]}`);
  }
  if (!supervisor) return;
  await supervisor.shutdown({ stopInstances: true });
  for (const thing of things.slice(serverPid === undefined ? 0 : 1)) say(`stopped ${thing}`);
}

async function gone(pid: number): Promise<void> {
  for (const deadline = performance.now() + SERVER_END_TIMEOUT_MS; isAlive(pid); await pause(LOOK_AGAIN_MS)) {
    if (performance.now() > deadline) throw new StillRunning(pid);
  }
}

/** The control server was told to end and did not. */
export class StillRunning extends Error {
  override readonly name = 'StillRunning';
  readonly code = 'still-running';
  readonly hint: string;
  constructor(pid: number) {
    super(
      `the control server (process ${pid}) did not end within ${SERVER_END_TIMEOUT_MS / 1000} s; instances and balancer run on`,
    );
    this.hint = `end it with: kill -9 ${pid}, then: fairway down`;
  }
}

interface SupervisorFile {
  readonly slots: readonly {
    readonly slot: { readonly app: string };
    readonly process?: { readonly pid: number };
  }[];
  readonly balancer?: { readonly process?: { readonly pid: number } };
}

interface Record {
  readonly apps: readonly string[];
  readonly hasBalancer: boolean;
  /** Whether a process that is on record may live; pids are used again, so a supervisor has to look closer. */
  readonly hasProcess: boolean;
}

/** What the supervisor keeps: without it there was never one here. */
async function readRecord(stateDirectory: string): Promise<Record | undefined> {
  try {
    const text = await readFile(join(stateDirectory, 'supervisor', 'supervisor.json'), 'utf8');
    const { slots, balancer } = JSON.parse(text) as SupervisorFile;
    const pids = [...slots.map((slot) => slot.process?.pid), balancer?.process?.pid];
    return {
      apps: [...new Set(slots.map(({ slot }) => slot.app))],
      hasBalancer: balancer !== undefined,
      hasProcess: pids.some((pid) => pid !== undefined && isAlive(pid)),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
