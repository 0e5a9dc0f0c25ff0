import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { type EmbeddedBalancer, embeddedBalancer } from '../../src/balancer/embedded/client.ts';
import { type BalancerOptions, runBalancer } from '../../src/balancer/embedded/process.ts';

/** The embedded balancer inside the test's own process, driven over its control socket as always. */
export interface BalancerHere {
  readonly balancer: EmbeddedBalancer;
  readonly url: string;
  readonly port: number;
  readonly stateDirectory: string;
  /** As at a planned restart; resolves when the last connection has ended. */
  retire(): Promise<void>;
  close(): Promise<void>;
}

export async function startBalancerHere(options: Partial<BalancerOptions> = {}): Promise<BalancerHere> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'fairway-balancer-'));
  const socketPath = join(stateDirectory, 'balancer.sock');
  const running = await runBalancer({
    stateDirectory,
    socketPath,
    listen: { address: '127.0.0.1', port: 0 },
    log: pino({ level: 'silent' }),
    drainTimeoutMs: 0,
    requestTimeoutMs: 0,
    ...options,
  });
  let retired: Promise<void> | undefined;
  const retire = () => (retired ??= running.retire());
  return {
    balancer: embeddedBalancer({ socketPath }),
    url: `http://127.0.0.1:${running.port}`,
    port: running.port,
    stateDirectory,
    retire,
    close: async () => {
      await retire();
      await rm(stateDirectory, { recursive: true });
    },
  };
}
