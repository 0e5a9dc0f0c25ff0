import { chmodSync, rmSync } from 'node:fs';
import { createAdaptorServer } from '@hono/node-server';
import { type SupervisorParts, supervisorApi } from './api.ts';
import { BalancerKeeper } from './balancer-keeper.ts';
import { Fences } from './fences.ts';
import { Instances } from './instances.ts';
import { takeLock } from './lock.ts';
import { Logs } from './logs.ts';
import { OneOffs } from './one-offs.ts';
import { supervisorPaths } from './paths.ts';
import { bootId } from './process-table.ts';
import { SupervisorRecord } from './record.ts';
import { Releases } from './releases.ts';
import { say } from './say.ts';
import { enforceMemoryLimits, rotateLogs } from './watchers.ts';

const watchIntervalMs = 1000;

export interface SupervisorOptions {
  readonly stateDirectory: string;
  readonly socketPath: string;
  /** The program that runs as balancer. */
  readonly balancerProgram: () => string;
}

/**
 * Runs the supervisor of a state directory: takes up what an earlier one left, then answers on its socket until this
 * process ends. Its end ends nothing else. False when another supervisor runs for this state directory.
 */
export async function runSupervisor(options: SupervisorOptions): Promise<boolean> {
  const paths = supervisorPaths(options.stateDirectory);
  const lock = takeLock(paths.lock);
  if (!lock) return false;
  const exit = () => setImmediate(() => process.exit(0));
  process.once('exit', () => lock.release());
  process.once('SIGTERM', exit);
  process.once('SIGINT', exit);

  const record = SupervisorRecord.load(paths.record, bootId());
  const releases = new Releases(paths);
  const instances = new Instances(record, paths, releases);
  const logs = new Logs(paths, record);
  const oneOffs = new OneOffs(record);
  const balancer = new BalancerKeeper(record, options.balancerProgram, paths.balancerLog);
  instances.resume();
  await Promise.all([releases.clean(), oneOffs.resume(), balancer.resume()]);
  record.saveIfPossible();

  repeat(() => enforceMemoryLimits(instances));
  repeat(() => rotateLogs(instances, logs, paths));
  const fences = new Fences(record);
  const startedAt = Date.now();
  await listen(options.socketPath, {
    paths,
    fences,
    releases,
    instances,
    logs,
    oneOffs,
    balancer,
    startedAt,
    exit,
  });
  return true;
}

async function listen(socketPath: string, parts: SupervisorParts): Promise<void> {
  // We hold the lock, so a socket that is there was left by a supervisor that is not.
  rmSync(socketPath, { force: true });
  const server = createAdaptorServer({ fetch: supervisorApi(parts).fetch });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => resolve());
  });
  chmodSync(socketPath, 0o600);
}

function repeat(task: () => void): void {
  setInterval(() => {
    try {
      task();
    } catch (error) {
      say(error);
    }
  }, watchIntervalMs);
}
