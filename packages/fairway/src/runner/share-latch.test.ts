import { describe, expect, it } from 'vitest';
import { type Balancer, UnknownPool } from '../balancer/balancer.ts';
import { ShareLatch, takeUsersBack } from './share-latch.ts';

/** A balancer that does what it is told when it is let. */
function slowBalancer() {
  const shares: number[] = [];
  const waiting: (() => void)[] = [];
  const setShare = async (_app: string, { basisPoints }: { basisPoints: number }) => {
    if (basisPoints > 0) await new Promise<void>((resolve) => waiting.push(resolve));
    shares.push(basisPoints);
    return [];
  };
  return { shares, waiting, balancer: { setShare } as unknown as Balancer };
}

describe('the latch of a share', () => {
  it('lets nothing raise the share once it is closed', async () => {
    const latch = new ShareLatch();
    latch.close();
    latch.settle();
    await expect(latch.raise(async () => {})).rejects.toThrow('the canary has been taken back meanwhile');
  });

  it('has the last word over a raise that was under way when it was closed', async () => {
    const { balancer, shares, waiting } = slowBalancer();
    const latch = new ShareLatch();
    const raising = latch.raise(async () => {
      await balancer.setShare('web', { basisPoints: 5_000, offset: 0 }, 1);
    });
    latch.close();
    const taking = takeUsersBack(balancer, 'web', 0, 1, latch);
    await expect.poll(() => shares).toEqual([0]);
    waiting[0]!();
    await raising;
    expect(await taking).toEqual([]);
    expect(shares).toEqual([0, 5_000, 0]);
  });
});

describe('taking the users back', () => {
  const answering = (setShare: () => Promise<unknown>) => ({ setShare }) as unknown as Balancer;

  it('names the balancers that could not be told', async () => {
    const unreached = async () => [{ name: 'lb2', reason: 'connection refused' }];
    expect(await takeUsersBack(answering(unreached), 'web', 0, 1, undefined)).toEqual([
      'lb2 (connection refused)',
    ]);
    const down = () => Promise.reject(new Error('no balancer answers'));
    expect(await takeUsersBack(answering(down), 'web', 0, 1, undefined)).toEqual(['no balancer answers']);
  });

  it('has nothing to do where nothing is declared', async () => {
    const undeclared = () => Promise.reject(new UnknownPool('web'));
    expect(await takeUsersBack(answering(undeclared), 'web', 0, 1, undefined)).toEqual([]);
  });
});
