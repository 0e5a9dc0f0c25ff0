import { rememberedProduction } from '../config/last-good.ts';
import type { Production } from '../config/production.ts';
import type { Store } from '../store/store.ts';

/**
 * What runs on this machine cannot be moved to others by a rollout, nor back: neither would reach the other's instances.
 * Throws {@link OtherMachines}.
 */
export async function refuseOtherMachines(
  { provider }: Production,
  stateDirectory: string,
  store: Pick<Store, 'apps'>,
): Promise<void> {
  const before = await rememberedProduction(stateDirectory);
  if (before === undefined || store.apps().length === 0) return;
  if ((before.provider === 'local') === (provider === 'local')) return;
  throw new OtherMachines(before.provider, provider, stateDirectory);
}

/** A state directory is about other machines than the file. */
export class OtherMachines extends Error {
  override readonly name = 'OtherMachines';
  readonly code = 'other-machines';
  readonly hint =
    'take another state directory with --state, deploy there, then end this one with: fairway down';
  constructor(before: string, now: string, stateDirectory: string) {
    super(
      `fairway.yml says provider ${now}, but what ${stateDirectory} knows runs with provider ${before}; ` +
        'neither can take over from the other',
    );
  }
}
