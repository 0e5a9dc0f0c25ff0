import type { Release } from '../build/release.ts';
import type { App } from '../config/production.ts';
import type { Launch } from '../hosts/hosts.ts';
import type { GenerationId } from '../rollout/slot.ts';

/** Everything that a slot needs to run a release with a pinned configuration. */
export function launchFor(
  release: Release,
  app: App,
  generation: GenerationId,
  slot: SlotPlace,
  secrets: Launch['secrets'] | undefined,
): Launch {
  return {
    ...common(release, app, generation, secrets),
    command: app.start ?? release.launch.command,
    port: slot.port,
    env: {
      HOST: slot.address === LOOPBACK ? LOOPBACK : EVERY_ADDRESS,
      ...environment(release, app),
      FAIRWAY_INSTANCE: slot.instance,
      [app.portEnv]: `${slot.port}`,
    },
  };
}

export interface SlotPlace {
  readonly instance: string;
  readonly port: number;
  /** Where the balancer reaches the slot's host. */
  readonly address: string;
}

const LOOPBACK = '127.0.0.1';
/** Other machines are reached by their network address, and by loopback for a look; the firewall says by whom. */
const EVERY_ADDRESS = '0.0.0.0';

/** The same surroundings for a command that runs once: a hook, a console. It has no port of its own. */
export function onceFor(
  release: Release,
  app: App,
  generation: GenerationId,
  command: readonly string[],
  secrets: Launch['secrets'] | undefined,
): Launch {
  return { ...common(release, app, generation, secrets), command, port: 0, env: environment(release, app) };
}

function common(
  release: Release,
  app: App,
  generation: GenerationId,
  secrets: Launch['secrets'] | undefined,
) {
  return {
    generation,
    release: release.id,
    directory: release.launch.directory,
    path: release.launch.path,
    stopTimeoutMs: app.deploy.stopTimeoutMs,
    log: app.logs,
    ...(app.limits.memoryBytes !== undefined && { memoryLimitBytes: app.limits.memoryBytes }),
    ...(app.limits.cpu !== undefined && { cpuLimit: app.limits.cpu }),
    ...(secrets && { secrets }),
  };
}

function environment(release: Release, app: App): Record<string, string> {
  return {
    ...(app.runtime.type === 'node' && { NODE_ENV: 'production' }),
    ...app.env,
    FAIRWAY_APP: app.name,
    FAIRWAY_RELEASE: release.id,
    FAIRWAY_COMMIT: release.commit,
  };
}
