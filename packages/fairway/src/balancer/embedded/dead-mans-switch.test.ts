import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { poolDefinition } from '../../../test/support/pool-definition.ts';
import * as changes from './changes.ts';
import { DeadMansSwitch, type Lapsed, renewedInThisRun } from './dead-mans-switch.ts';
import type { Moment } from './moment.ts';
import { emptyRegistry, type RegistryState } from './registry-state.ts';

const BEGAN: Moment = { boot: 'one', uptimeMs: 50_000, at: 1_000_000 };

function leased(app: string, leaseMs: number): RegistryState {
  const share = { basisPoints: 500, offset: 0, lease: { canary: `${app}-1`, leaseMs } };
  return changes.setShare(app, share, BEGAN)(changes.declare(poolDefinition(app))(emptyRegistry));
}

describe('the switch in the balancer process', () => {
  let now: Moment;
  let lapsed: Lapsed[];
  let deadMansSwitch: DeadMansSwitch;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    now = BEGAN;
    lapsed = [];
    deadMansSwitch = new DeadMansSwitch(
      () => now,
      (one) => lapsed.push(one),
    );
  });
  afterEach(() => {
    deadMansSwitch.stop();
    vi.useRealTimers();
  });

  async function pass(ms: number): Promise<void> {
    now = { ...now, uptimeMs: now.uptimeMs + ms, at: now.at + ms };
    await vi.advanceTimersByTimeAsync(ms);
  }

  it('speaks when the lease is over, and not a moment before', async () => {
    deadMansSwitch.watch(leased('shop', 15_000));
    await pass(14_999);
    expect(lapsed).toEqual([]);
    await pass(1);
    expect(lapsed).toEqual([{ app: 'shop', canary: 'shop-1', at: BEGAN.at + 15_000 }]);
  });

  it('counts from the last renewal', async () => {
    const state = leased('shop', 15_000);
    deadMansSwitch.watch(state);
    await pass(10_000);
    deadMansSwitch.watch(changes.renew([{ app: 'shop', canary: 'shop-1', fence: 1 }], now)(state));
    await pass(14_999);
    expect(lapsed).toEqual([]);
    await pass(1);
    expect(lapsed).toHaveLength(1);
  });

  it('goes by no clock that somebody sets', async () => {
    deadMansSwitch.watch(leased('shop', 15_000));
    now = { ...now, at: now.at + 86_400_000 };
    await pass(14_999);
    expect(lapsed).toEqual([]);
    now = { ...now, at: 0 };
    await pass(1);
    expect(lapsed).toHaveLength(1);
  });

  it('says of a lease that ended while no process ran that it is over, before anybody is served', async () => {
    now = { ...BEGAN, uptimeMs: BEGAN.uptimeMs + 15_000 };
    deadMansSwitch.watch(leased('shop', 15_000));
    await Promise.resolve();
    expect(lapsed).toHaveLength(1);
  });

  it('says nothing of a share without a lease, and of none', async () => {
    const declared = changes.declare(poolDefinition('shop'))(emptyRegistry);
    deadMansSwitch.watch(changes.setShare('shop', { basisPoints: 500, offset: 0 }, BEGAN)(declared));
    await pass(86_400_000);
    deadMansSwitch.watch(changes.setShare('shop', { basisPoints: 0, offset: 0 }, BEGAN)(leased('shop', 100)));
    await pass(86_400_000);
    expect(lapsed).toEqual([]);
  });

  it.each([
    ['counts the time that a reboot took', 20_000, 0],
    ['lets what is left of it go on after a reboot', 5_000, 10_000],
    ['gives a whole lease where the clock was set back meanwhile', -3_600_000, 15_000],
  ])('%s', async (_what, passedMs, leftMs) => {
    now = { boot: 'two', uptimeMs: 7_000, at: BEGAN.at + passedMs };
    deadMansSwitch.watch(renewedInThisRun(leased('shop', 15_000), now));
    await pass(Math.max(0, leftMs - 1));
    expect(lapsed).toHaveLength(leftMs === 0 ? 1 : 0);
    await pass(1);
    expect(lapsed).toHaveLength(1);
  });
});
