import { dirname, resolve } from 'node:path';
import { optional } from './optional.ts';
import type { App, InstanceSpec, Runtime } from './production.ts';
import { resolveCanary } from './resolve-canary.ts';
import type { AppSection } from './schema/app-schema.ts';
import type { Count } from './schema/values.ts';
import { durationMs } from './units.ts';

export interface AppSurroundings {
  readonly instances: readonly InstanceSpec[];
  /** Absolute path of fairway.yml. */
  readonly file: string;
  /** The revision of a secret's present value. */
  readonly secretRevision: (name: string) => string | undefined;
}

/** What an app's section means, with the defaults that depend on other keys. */
export function resolveApp(name: string, section: AppSection, surroundings: AppSurroundings): App {
  const { instances, file, secretRevision } = surroundings;
  const { health, route, deploy } = section;
  return {
    name,
    ...optional('repository', section.repository && absoluteRepository(section.repository, file)),
    directory: section.directory,
    runtime: resolveRuntime(section.runtime),
    ...optional('build', section.build),
    buildTimeoutMs: section.build_timeout,
    ...optional('start', section.start),
    portEnv: section.port_env,
    instances,
    health: {
      path: health.path,
      timeoutMs: health.timeout,
      intervalMs: health.interval,
      rise: health.rise,
      fall: health.fall,
      status: health.status,
      headers: health.headers,
      startTimeoutMs: health.start_timeout,
    },
    route: {
      hosts: route.hosts,
      paths: route.paths,
      maxBodyBytes: route.max_body,
      maxHeaderBytes: route.max_header,
      algorithm: route.algorithm,
      connectTimeoutMs: route.connect_timeout,
      firstByteTimeoutMs: route.first_byte_timeout,
      idleTimeoutMs: route.idle_timeout,
    },
    env: section.env,
    secrets: section.secrets,
    ...optional('secretRevisions', revisionsOf(section.secrets, secretRevision)),
    limits: { ...optional('memoryBytes', section.limits.memory), ...optional('cpu', section.limits.cpu) },
    logs: { maxBytes: section.logs.max_size, keep: section.logs.keep },
    deploy: {
      branch: deploy.branch,
      strategy: deploy.strategy,
      ...optional('canary', resolveCanary(deploy)),
      ...resolvePace(deploy, instances.length),
      soakMs: deploy.soak,
      drainTimeoutMs: deploy.drain_timeout,
      stopTimeoutMs: deploy.stop_timeout,
      stallTimeoutMs: resolveStallTimeout(section),
      keep: deploy.keep,
      hooks: {
        ...optional('beforeDeploy', deploy.hooks.before_deploy),
        ...optional('afterDeploy', deploy.hooks.after_deploy),
      },
    },
  };
}

function revisionsOf(
  secrets: readonly string[],
  revisionOf: AppSurroundings['secretRevision'],
): App['secretRevisions'] {
  const revisions = secrets.flatMap((name) => {
    const revision = revisionOf(name);
    return revision === undefined ? [] : [[name, revision] as const];
  });
  return revisions.length === 0 ? undefined : Object.fromEntries(revisions);
}

function resolveRuntime(runtime: AppSection['runtime']): Runtime {
  if (typeof runtime === 'string') return { type: runtime };
  if (runtime.type !== 'node') return { type: runtime.type };
  return { type: 'node', ...optional('version', runtime.version) };
}

/** How many instances may be away, and how many may boot beside others, for an app of `total` instances. */
export function resolvePace(
  deploy: Pick<AppSection['deploy'], 'max_unavailable' | 'surge'>,
  total: number,
): { readonly maxUnavailable: number; readonly surge: number } {
  const written = deploy.max_unavailable;
  const unavailableByDefault = total > 1 ? 1 : 0;
  const floor = written === undefined ? unavailableByDefault : countOf(written, total, Math.floor);
  const surge = deploy.surge === undefined ? undefined : countOf(deploy.surge, total, Math.ceil);
  const roundsToNone = floor === 0 && isPositivePercentage(written);
  const maxUnavailable = roundsToNone && !surge ? 1 : floor;
  // An app of one instance stays up only if the next release boots beside it.
  return { maxUnavailable, surge: surge ?? (maxUnavailable === 0 ? 1 : 0) };
}

function countOf(count: Count, total: number, round: (exact: number) => number): number {
  if (count === 'all') return total;
  return 'count' in count ? count.count : round((total * count.percent) / 100);
}

function isPositivePercentage(count: Count | undefined): boolean {
  return typeof count === 'object' && 'percent' in count && count.percent > 0;
}

/** The longest that a rollout may have to wait for one thing. */
export function longestWaitMs(section: Pick<AppSection, 'health' | 'deploy'>): number {
  const { deploy, health } = section;
  return Math.max(health.start_timeout, deploy.soak, deploy.drain_timeout + deploy.stop_timeout);
}

function resolveStallTimeout(section: AppSection): number {
  return section.deploy.stall_timeout ?? Math.max(durationMs('10m'), 2 * longestWaitMs(section));
}

function absoluteRepository(repository: string, file: string): string {
  const isPath = !repository.includes('://') && !/^[^/]+:/.test(repository);
  return isPath ? resolve(dirname(file), repository) : repository;
}
