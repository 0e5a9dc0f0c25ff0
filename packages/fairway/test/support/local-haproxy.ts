import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HaproxyBalancer } from '../../src/balancer/haproxy/haproxy-balancer.ts';
import { LocalNode, type LocalNodeOptions } from '../../src/balancer/haproxy/local-node.ts';
import { freePort } from './free-port.ts';

export const haproxyInstalled = spawnSync('haproxy', ['-v']).status === 0;

/** A HAProxy of the test's own, in a folder of its own. */
export interface LocalHaproxy {
  readonly node: LocalNode;
  readonly balancer: HaproxyBalancer;
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function startHaproxyHere(
  options: Pick<LocalNodeOptions, 'name' | 'tls'> = {},
): Promise<LocalHaproxy> {
  const folder = await mkdtemp(join(tmpdir(), 'fairway-haproxy-'));
  const port = await freePort();
  const bind = `127.0.0.1:${port}`;
  const node = await LocalNode.prepare({ ...options, folder, bind, threads: 2 });
  await node.start();
  const balancer = new HaproxyBalancer([node]);
  return {
    node,
    balancer,
    port,
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      await balancer.close();
      await node.stop();
      await rm(folder, { recursive: true });
    },
  };
}
