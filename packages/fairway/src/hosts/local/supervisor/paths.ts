import { join } from 'node:path';
import type { SlotAddress } from '../../../rollout/slot.ts';

/** Where the supervisor keeps its things within a state directory, see docs/architecture.md. */
export interface SupervisorPaths {
  readonly stateDirectory: string;
  readonly record: string;
  readonly lock: string;
  readonly releases: (app: string) => string;
  readonly release: (app: string, release: string) => string;
  readonly logs: (app: string) => string;
  readonly log: (slot: SlotAddress) => string;
  /** The values of the slot's secrets. */
  readonly secrets: (slot: SlotAddress) => string;
  readonly supervisorLog: string;
  readonly balancerLog: string;
}

export function supervisorPaths(stateDirectory: string): SupervisorPaths {
  const host = join(stateDirectory, 'hosts', 'local');
  const logs = (app: string) => join(host, 'logs', app);
  return {
    stateDirectory,
    record: join(stateDirectory, 'supervisor', 'supervisor.json'),
    lock: join(stateDirectory, 'supervisor', 'lock'),
    releases: (app) => join(host, 'releases', app),
    release: (app, release) => join(host, 'releases', app, release),
    logs,
    log: (slot) => join(logs(slot.app), `${slot.instance}-${slot.slot}.log`),
    secrets: (slot) => join(host, 'secrets', slot.app, `${slot.instance}-${slot.slot}.json`),
    supervisorLog: join(stateDirectory, 'supervisor', 'supervisor.log'),
    balancerLog: join(stateDirectory, 'balancer', 'balancer.log'),
  };
}

/** The slot whose log a file of `logs/APP` is; undefined for an older, rotated one. */
export function slotOfLog(app: string, file: string): SlotAddress | undefined {
  const match = /^(.+)-([ab])\.log$/.exec(file);
  return match ? { app, instance: match[1]!, slot: match[2] as 'a' | 'b' } : undefined;
}
