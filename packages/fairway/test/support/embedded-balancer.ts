import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { type EmbeddedBalancer, embeddedBalancer } from '../../src/balancer/embedded/client.ts';
import { runBalancer } from '../../src/balancer/embedded/process.ts';

/** The embedded balancer inside the test's own process, driven over its control socket as always. */
export interface BalancerHere {
  readonly balancer: EmbeddedBalancer;
  readonly url: string;
  readonly port: number;
  readonly stateDirectory: string;
  close(): Promise<void>;
}

export async function startBalancerHere(): Promise<BalancerHere> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'fairway-balancer-'));
  const socketPath = join(stateDirectory, 'balancer.sock');
  const running = await runBalancer({
    stateDirectory,
    socketPath,
    listen: { address: '127.0.0.1', port: 0 },
    log: pino({ level: 'silent' }),
    drainTimeoutMs: 0,
  });
  return {
    balancer: embeddedBalancer({ socketPath }),
    url: `http://127.0.0.1:${running.port}`,
    port: running.port,
    stateDirectory,
    close: async () => {
      await running.retire();
      await rm(stateDirectory, { recursive: true });
    },
  };
}
