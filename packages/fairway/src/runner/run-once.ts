import { launchDigest } from '../config/pin.ts';
import type { RunningCommand } from '../hosts/hosts.ts';
import { generationId } from '../rollout/slot.ts';
import { Refusal } from './controller.ts';
import { onceFor } from './launch.ts';
import type { World } from './perform.ts';
import { configOf } from './plan-rollout.ts';

/** Runs a command in the environment of the app's present release, on the host of its first instance. */
export async function runOnce(
  world: World,
  app: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<RunningCommand> {
  const { store, hosts, secrets } = world;
  const [standing] = store.standings(app);
  const release = standing && store.release(app, standing.release);
  const config = standing && configOf(store, standing);
  if (!release || !config)
    throw new Refusal(
      409,
      'nothing-runs',
      `${app} has no release yet`,
      `Deploy it first: fairway deploy ${app}`,
    );
  const generation = generationId({ release: release.id, config: launchDigest(config) });
  const [first] = config.instances;
  const launch = onceFor(release, config, generation, command, await secrets.valuesOf(config));
  return hosts.run(first!.host, app, launch, signal);
}
