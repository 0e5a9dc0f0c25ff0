import { BalancerProcesses, kill } from '../support/balancer-process.ts';
import { shareLeaseContract } from './share-lease.ts';

shareLeaseContract('embedded', async () => {
  const processes = await BalancerProcesses.open();
  const start = () => processes.start('--drain-timeout', '0');
  let running = await start();
  const disturb = async (how: string) => {
    const before = running;
    if (how === 'a crash') await kill(before);
    running = await start();
    before.kill('SIGTERM');
  };
  return { balancer: processes.balancer, url: processes.url, close: () => processes.close(), disturb };
}, ['a planned restart', 'a crash']);
