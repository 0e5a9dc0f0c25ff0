import { describe, it } from 'vitest';
import type { LocalNode } from '../../src/balancer/haproxy/local-node.ts';
import { Runtime } from '../../src/balancer/haproxy/runtime.ts';
import { haproxyInstalled, startHaproxyHere } from '../support/local-haproxy.ts';
import { waitUntil } from '../support/wait-until.ts';
import { shareLeaseContract } from './share-lease.ts';

const disturbances: Record<string, (node: LocalNode) => Promise<void>> = {
  async 'a reload'(node) {
    const runtime = new Runtime(node);
    const { worker } = await runtime.run(['show version'], 5_000);
    process.kill(node.pid!, 'SIGUSR2');
    await waitUntil('another worker serves', async () => {
      const answers = await runtime.run(['show version'], 5_000);
      return answers.worker !== worker;
    });
    runtime.close();
  },
  async 'a crash of HAProxy'(node) {
    await node.kill();
    await node.start();
  },
  async 'a crash of the switch'(node) {
    await node.killSwitch();
    await node.startSwitch();
  },
};

if (haproxyInstalled) {
  shareLeaseContract(
    'haproxy',
    async () => {
      const here = await startHaproxyHere();
      return { ...here, disturb: (how) => disturbances[how]!(here.node) };
    },
    Object.keys(disturbances),
  );
} else describe.skip('The lease of a share: haproxy (not installed)', () => it('is skipped'));
