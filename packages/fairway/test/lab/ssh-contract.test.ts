import { describe } from 'vitest';
import { canLimitMemory } from '../../src/lab/control-groups.ts';
import { labDown, labUp, removeOrphanedLabs } from '../../src/lab/lab.ts';
import { whyNoLab } from '../../src/lab/requirements.ts';
import { hostsContract } from '../contracts/hosts.ts';
import { AppHosts } from './support/app-hosts.ts';
import { testLabName, thisProcess } from './support/describe-in-lab.ts';

const reason = whyNoLab()?.message;

describe.skipIf(reason)(
  reason ? `The contract in a lab (skipped: ${reason})` : 'The contract in a lab',
  () => {
    hostsContract('a machine reached by SSH', async () => {
      await removeOrphanedLabs();
      const lab = await labUp({ name: testLabName(), hosts: ['box1'], owner: thisProcess() });
      const machines = new AppHosts(lab);
      await machines.setUp();
      let port = 20_000;
      return {
        hosts: machines.hosts,
        host: 'box1',
        address: lab.hosts[0]!.address,
        scratch: machines.scratch,
        node: '/usr/local/bin/node',
        canLimitMemory: canLimitMemory(),
        freePort: () => Promise.resolve(port++),
        close: async () => {
          await machines.close();
          await labDown(lab.name);
        },
      };
    });
  },
);
