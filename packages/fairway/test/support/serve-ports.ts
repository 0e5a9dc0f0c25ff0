import type { Balancer } from '../../src/balancer/balancer.ts';
import { poolDefinition } from './pool-definition.ts';
import { waitUntil } from './wait-until.ts';

/** Declares an app whose instances listen on these ports of this machine, and brings them into service. */
export async function servePorts(
  balancer: Balancer,
  app: string,
  ports: readonly number[],
  changes: Parameters<typeof poolDefinition>[1] = {},
): Promise<void> {
  await balancer.declare(poolDefinition(app, changes), 1);
  for (const port of ports) {
    const slot = { app, instance: String(port), slot: 'a' } as const;
    await balancer.register({ slot, host: '127.0.0.1', port, side: 'baseline', generation: 'r1+c1' }, 1);
    await waitUntil('it is healthy', async () => {
      const { servers } = (await balancer.observe()).pools[app]!;
      return servers.some((server) => server.port === port && server.healthy);
    });
    await balancer.admit(slot, 1);
  }
}
