import type { Production } from './config/production.ts';
import { localMachinery } from './machinery/local-machinery.ts';
import type { Machinery } from './machinery/machinery.ts';

/**
 * The one place where adapters are chosen. However its machines came to be, a production on others than this one is reached
 * by SSH and balanced by HAProxy.
 */
export async function chooseAdapters(production: Production, stateDirectory: string): Promise<Machinery> {
  switch (production.provider) {
    case 'local':
      return localMachinery(production, stateDirectory);
    case 'ssh':
    case 'lab':
    case 'aws':
      throw new ProviderNotServed(production.provider);
  }
}

/** What runs on machines of this kind cannot be steered from here. */
export class ProviderNotServed extends Error {
  override readonly name = 'ProviderNotServed';
  readonly code = 'provider-not-served';
  constructor(provider: string) {
    super(`provider ${provider} can be provisioned, but not be served by this version; use provider: local`);
  }
}
