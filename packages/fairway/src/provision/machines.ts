import { readMachines, writeMachines } from '../config/machines.ts';
import type { Production } from '../config/production.ts';
import { createAwsMachines, destroyAwsMachines } from './aws-machines.ts';
import { createLabMachines, destroyLabMachines } from './lab-machines.ts';
import type { CreationPlace } from './place.ts';

/** Makes the machines that the file leaves to be created, and remembers their addresses. Harmless when they are there. */
export async function createMachines(production: Production, place: CreationPlace): Promise<void> {
  if (!production.hosts.some(({ isCreated }) => isCreated)) return;
  const create = production.provider === 'aws' ? createAwsMachines : createLabMachines;
  const machines = await create(production, place);
  await writeMachines(place.stateDirectory, {
    ...(await readMachines(place.stateDirectory)),
    ...machines,
  });
}

/** Destroys the machines that were created for the production and nothing else, and forgets them. */
export async function destroyMachines(production: Production, place: CreationPlace): Promise<void> {
  if (production.provider === 'aws') await destroyAwsMachines(production, place);
  else await destroyLabMachines(await readMachines(place.stateDirectory), place);
  await writeMachines(place.stateDirectory, {});
}
