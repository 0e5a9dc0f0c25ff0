import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { entryPoint } from './entry-point.ts';
import { socketPath } from './socket-path.ts';
import { SupervisorClient } from './supervisor-client.ts';

const startTimeoutMs = 15_000;
const pollMs = 20;

export interface SupervisorPlace {
  readonly stateDirectory: string;
  /** Another program as balancer, for tests. */
  readonly balancerProgram?: string;
}

/**
 * The supervisor of a state directory; started, detached from this process, if none answers. Throws
 * {@link SupervisorNotStarted}.
 */
export async function ensureSupervisor(place: SupervisorPlace): Promise<SupervisorClient> {
  const stateDirectory = resolve(place.stateDirectory);
  const client = new SupervisorClient(socketPath(stateDirectory, 'supervisor/supervisor.sock'));
  if (await answers(client)) return client;
  const log = join(stateDirectory, 'supervisor', 'supervisor.log');
  const saidBefore = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  const end = start({ ...place, stateDirectory }, client.socketPath, log);
  for (const deadline = Date.now() + startTimeoutMs; Date.now() < deadline; await delay(pollMs)) {
    if (await answers(client)) return client;
    // One that ends well found that another had been quicker; that one will answer.
    if ((end.exitCode ?? 0) !== 0) break;
  }
  await client.close();
  throw new SupervisorNotStarted(
    stateDirectory,
    log,
    readFileSync(log).subarray(saidBefore).toString().trim(),
  );
}

/** Whether a supervisor answers for a state directory; none is started. */
export async function isSupervised(stateDirectory: string): Promise<boolean> {
  const client = new SupervisorClient(socketPath(resolve(stateDirectory), 'supervisor/supervisor.sock'));
  try {
    return await answers(client);
  } finally {
    await client.close();
  }
}

async function answers(client: SupervisorClient): Promise<boolean> {
  try {
    await client.status();
    return true;
  } catch {
    return false;
  }
}

function start(
  place: SupervisorPlace,
  socket: string,
  logFile: string,
): { readonly exitCode: number | null } {
  mkdirSync(join(place.stateDirectory, 'supervisor'), { recursive: true, mode: 0o700 });
  const log = openSync(logFile, 'a', 0o600);
  const args = [
    entryPoint('hosts/local/supervisor/main'),
    '--state',
    place.stateDirectory,
    '--socket',
    socket,
  ];
  if (place.balancerProgram) args.push('--balancer', place.balancerProgram);
  try {
    const child = spawn(process.execPath, args, { cwd: '/', detached: true, stdio: ['ignore', log, log] });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

export class SupervisorNotStarted extends Error {
  override readonly name = 'SupervisorNotStarted';
  readonly code = 'supervisor-not-started';
  constructor(stateDirectory: string, log: string, said: string) {
    super(
      `the supervisor of ${stateDirectory} does not answer, so nothing can be started or stopped here; ` +
        `${said === '' ? 'it said nothing' : `it said: ${said}`} (${log})`,
    );
  }
}
