import { memoryReason } from './exit-reason.ts';
import type { Instance } from './instance.ts';
import type { Instances } from './instances.ts';
import type { Logs } from './logs.ts';
import type { SupervisorPaths } from './paths.ts';
import { listProcesses, residentBytes } from './process-table.ts';

const defaultLog = { maxBytes: 10 * 1024 * 1024, keep: 5 };

/** Ends every instance whose process group holds more resident memory than its limit allows. */
export function enforceMemoryLimits(instances: Instances): void {
  const limited = instances.all().filter((instance) => instance.record.launch.memoryLimitBytes !== undefined);
  if (limited.length === 0) return;
  const processes = listProcesses();
  for (const instance of limited) {
    const leader = instance.view().pid;
    if (leader === undefined) continue;
    const group = processes.filter((entry) => entry.group === leader);
    const usedBytes = group.reduce((sum, entry) => sum + residentBytes(entry.pid), 0);
    endIfOver(instance, usedBytes);
  }
}

function endIfOver(instance: Instance, usedBytes: number): void {
  const limitBytes = instance.record.launch.memoryLimitBytes!;
  if (usedBytes <= limitBytes) return;
  // An unkillable process is tried again at the next look.
  instance.endBecause(memoryReason(limitBytes, usedBytes)).catch(() => undefined);
}

/** Sets logs aside that have grown too large. */
export function rotateLogs(instances: Instances, logs: Logs, paths: SupervisorPaths): void {
  for (const { record } of instances.all()) {
    const { maxBytes, keep } = record.launch.log ?? defaultLog;
    logs.at(paths.log(record.slot)).rotate(maxBytes, keep);
  }
  for (const file of [paths.balancerLog, paths.supervisorLog]) {
    logs.at(file).rotate(defaultLog.maxBytes, defaultLog.keep);
  }
}
