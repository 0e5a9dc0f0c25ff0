import type { Production } from './config/production.ts';
import { localMachinery } from './machinery/local-machinery.ts';
import type { Machinery } from './machinery/machinery.ts';
import { remoteMachinery } from './machinery/remote-machinery.ts';

/**
 * The one place where adapters are chosen. However its machines came to be, a production on others than this one is reached
 * by SSH and balanced by HAProxy.
 */
export function chooseAdapters(production: Production, stateDirectory: string): Promise<Machinery> {
  switch (production.provider) {
    case 'local':
      return localMachinery(production, stateDirectory);
    case 'ssh':
    case 'lab':
    case 'aws':
      return remoteMachinery(production, stateDirectory);
  }
}
