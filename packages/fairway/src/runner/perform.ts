import { stripVTControlCharacters } from 'node:util';
import type { Balancer } from '../balancer/balancer.ts';
import type { Release } from '../build/release.ts';
import { unpinApp } from '../config/pin.ts';
import { poolDefinition } from '../config/pool-definition.ts';
import type { App } from '../config/production.ts';
import type { Hosts } from '../hosts/hosts.ts';
import type { Action } from '../rollout/actions.ts';
import type { RolloutEvent } from '../rollout/events.ts';
import type { GenerationId } from '../rollout/slot.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Store } from '../store/store.ts';
import { SHARE_LEASE_MS } from './keep-share.ts';
import { launchFor, onceFor } from './launch.ts';
import { portOf, portToStart } from './port.ts';

/** The world that a rollout acts on. */
export interface World {
  readonly store: Store;
  readonly hosts: Hosts;
  readonly balancer: Balancer;
  readonly secrets: Pick<Secrets, 'valuesOf'>;
  /** For instances; looked through from `first` on. */
  readonly ports: { readonly from: number; readonly to: number; readonly first?: number };
  /** Whether nothing on the host listens on the port. */
  readonly isPortFree: (host: string, port: number) => Promise<boolean>;
  /** Every host that instances may run on. */
  readonly appHosts: () => readonly string[];
  /** Where the balancer reaches a host's instances. */
  readonly addressOf: (host: string) => string;
}

/** On whose behalf an action is carried out. */
export interface Performance {
  readonly world: World;
  readonly app: string;
  readonly rollout: string;
  readonly fence: number;
  readonly tell: (event: RolloutEvent) => void;
  readonly signal: AbortSignal;
}

/** Carries out one action: the only place where a decision becomes an effect. Throws when it could not. */
export async function perform(
  { world, app, rollout, fence, tell, signal }: Performance,
  action: Action,
): Promise<void> {
  const { hosts, balancer } = world;
  switch (action.kind) {
    case 'install': {
      const { release } = generationOf(world, app, action.generation);
      const artifact = { app, release: release.id, file: release.file, sha256: release.sha256 };
      await Promise.all(action.hosts.map((host) => hosts.install(host, artifact, fence)));
      return;
    }
    case 'hook':
      // Hosts know no fence for commands: the store's is asked in the moment before, and a lease lost later ends the hook.
      world.store.checkFence(app, fence);
      return runHook(world, app, action, tell, signal);
    case 'declare':
      return balancer.declare(poolDefinition(pinnedApp(world, app, action.pin)), fence);
    case 'forget':
      return balancer.forget(app, fence);
    case 'set-share': {
      const { basisPoints, offset } = action;
      const lease = { canary: rollout, leaseMs: SHARE_LEASE_MS };
      await balancer.setShare(app, { basisPoints, offset, ...(basisPoints > 0 && { lease }) }, fence);
      return;
    }
    case 'promote':
      return balancer.promote(app, action.generation, action.timeoutMs, fence);
    case 'start': {
      const { release, config } = generationOf(world, app, action.generation);
      const port = await portToStart(world, action.slot, action.host);
      const place = { instance: action.slot.instance, port, address: world.addressOf(action.host) };
      const secrets = await world.secrets.valuesOf(config);
      const launch = launchFor(release, config, action.generation, place, secrets);
      return hosts.start(action.host, action.slot, launch, fence);
    }
    case 'register': {
      const { config } = generationOf(world, app, action.generation);
      const port = await portOf(world, action.slot, action.host);
      const { slot, generation } = action;
      const { health } = poolDefinition(config);
      const host = world.addressOf(action.host);
      const side = action.side ?? 'baseline';
      return balancer.register({ slot, host, port, side, generation, health }, fence);
    }
    case 'admit':
      return balancer.admit(action.slot, fence);
    case 'drain':
      return balancer.drain(action.slot, action.timeoutMs, fence);
    case 'deregister':
      return balancer.deregister(action.slot, fence);
    case 'stop':
      return hosts.stop(action.host, action.slot, fence);
  }
}

/** A generation taken apart: its release, and the configuration it was pinned with. */
export function generationOf(
  world: World,
  app: string,
  generation: GenerationId,
): { release: Release; config: App } {
  const [id, pin] = generation.split('+') as [string, string];
  const release = world.store.release(app, id);
  if (!release) throw new Error(`release ${id} of ${app} is no longer kept`);
  return { release, config: pinnedApp(world, app, pin) };
}

export function pinnedApp(world: Pick<World, 'store'>, app: string, digest: string): App {
  const json = world.store.pinned(digest);
  if (json === undefined) throw new Error(`configuration ${digest} of ${app} is not in the store`);
  return unpinApp(json);
}

async function runHook(
  world: World,
  app: string,
  action: Extract<Action, { kind: 'hook' }>,
  tell: (event: RolloutEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const { release } = generationOf(world, app, action.generation);
  const config = pinnedApp(world, app, action.pin);
  const { beforeDeploy, afterDeploy } = config.deploy.hooks;
  const command = action.hook === 'before_deploy' ? beforeDeploy : afterDeploy;
  if (!command) return;
  const secrets = await world.secrets.valuesOf(config);
  const running = world.hosts.run(
    action.host,
    app,
    onceFor(release, config, action.generation, command, secrets),
    signal,
  );
  for await (const line of running.lines)
    tell({ type: 'hook-output', hook: action.hook, line: stripVTControlCharacters(line) });
  const exitCode = await running.exitCode;
  if (exitCode === 0) return;
  const how = signal.aborted ? (signal.reason as Error).message : `ended with exit code ${exitCode}`;
  throw new Error(`\`${command.join(' ')}\` ${how}`);
}
