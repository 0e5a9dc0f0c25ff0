import type { Machines } from '../config/machines.ts';
import type { Production } from '../config/production.ts';
import { destroyLabMachines } from './lab-machines.ts';
import type { ProvisionPlace } from './provision.ts';

/** Destroys machines that were created for the production, and nothing else. */
export async function destroyMachines(
  _production: Production,
  _place: ProvisionPlace,
  machines: Machines,
  say: (line: string) => void,
): Promise<void> {
  await destroyLabMachines(machines, (progress) => {
    if (progress.kind === 'host-removed') say(`${progress.host} is gone`);
  });
}
