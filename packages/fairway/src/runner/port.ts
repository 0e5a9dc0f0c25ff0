import { createHash } from 'node:crypto';
import { type SlotAddress, slotId } from '../rollout/slot.ts';
import type { World } from './perform.ts';

type Part = Pick<World, 'store' | 'hosts' | 'ports' | 'isPortFree'>;

/**
 * Begins to look for ports at a place of the production's own. Most productions have the range that is usual, and two
 * that deploy at the same time would find the same port free before either app listens on it.
 */
export function rangeOf(ports: { from: number; to: number }, stateDirectory: string): World['ports'] {
  const size = ports.to - ports.from + 1;
  const place = createHash('sha256').update(stateDirectory).digest().readUInt32BE() % size;
  return { ...ports, first: ports.from + place };
}

export function portOf(world: Part, slot: SlotAddress, host: string): Promise<number> {
  return world.store.portFor({ ...slot, host }, world.ports, (port) => world.isPortFree(host, port));
}

/**
 * The port to start the slot's instance on. A slot keeps its port, but while it is empty it cannot keep others from it:
 * a second production on the same machine may pick it then. Such a slot moves to another port; on its own the app could
 * not listen, and visitors would reach somebody else's.
 */
export async function portToStart(world: Part, slot: SlotAddress, host: string): Promise<number> {
  const port = await portOf(world, slot, host);
  const isFree = (candidate: number) => world.isPortFree(host, candidate);
  if (await isFree(port)) return port;
  const processes = await world.hosts.observe(slot.app);
  const own = processes.find((process) => slotId(process.slot) === slotId(slot));
  // Starts may be repeated: then it is the instance itself that listens.
  if (own !== undefined && own.state !== 'stopped') return port;
  return world.store.movePort({ ...slot, host }, world.ports, isFree);
}
