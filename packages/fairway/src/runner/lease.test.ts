import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { temporaryStore } from '../../test/support/temporary-store.ts';
import type { Store } from '../store/store.ts';
import { HeldLease } from './lease.ts';

const never = new AbortController().signal;
let clock = 1_000_000;
let store: Store;
beforeEach(() => {
  vi.useFakeTimers();
  store = temporaryStore(() => clock);
});
afterEach(() => {
  vi.useRealTimers();
  store.close();
});

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock += 100;
    await vi.advanceTimersByTimeAsync(100);
  }
}

it('is kept by renewing it, however long the work takes', async () => {
  const lease = await HeldLease.acquire(store, 'web', 'one', never);
  await pass(60_000);
  expect(store.acquireLease('web', 'two', 1000)).toBeUndefined();
  expect(lease.lost.aborted).toBe(false);
  lease.release();
});

it('of a dead controller is had by the next one within a few seconds', async () => {
  store.acquireLease('web', 'dead', 4_000);
  let acquired: HeldLease | undefined;
  void HeldLease.acquire(store, 'web', 'next', never).then((lease) => {
    acquired = lease;
  });
  await pass(3_000);
  expect(acquired).toBeUndefined();
  await pass(2_000);
  expect(acquired?.fence).toBeGreaterThan(0);
  acquired?.release();
});

it('of a dead controller whose clock was ahead is had as soon', async () => {
  clock += 3_600_000;
  store.acquireLease('web', 'dead', 4_000);
  clock -= 3_600_000;
  let acquired: HeldLease | undefined;
  void HeldLease.acquire(store, 'web', 'next', never).then((lease) => {
    acquired = lease;
  });
  await pass(3_500);
  expect(acquired).toBeUndefined();
  await pass(1_000);
  expect(acquired?.fence).toBeGreaterThan(0);
  acquired?.release();
});

it('of a controller that lives and whose clock is ahead is left to it', async () => {
  const renew = () => {
    clock += 3_600_000;
    store.acquireLease('web', 'ahead', 4_000);
    clock -= 3_600_000;
  };
  renew();
  const waiting = new AbortController();
  const acquired = HeldLease.acquire(store, 'web', 'next', waiting.signal).catch((error: unknown) => error);
  for (let second = 0; second < 10; second += 1) {
    await pass(1_000);
    renew();
  }
  waiting.abort('enough');
  await pass(200);
  expect(await acquired).toBe('enough');
});

it('that another controller took is lost, and says so', async () => {
  const lease = await HeldLease.acquire(store, 'web', 'one', never);
  // This one could not renew for longer than its lease: the machine slept, say.
  clock += 10_000;
  expect(store.acquireLease('web', 'two', 60_000)?.fence).toBeGreaterThan(lease.fence);
  await pass(2_000);
  expect(lease.lost.aborted).toBe(true);
  expect(String(lease.lost.reason)).toContain('another control server has taken the lease');
});

it('outlives a store that fails for a while', async () => {
  let isFull = false;
  const full: Store = {
    ...store,
    acquireLease: (...asked) => {
      if (isFull) throw new Error('database or disk is full');
      return store.acquireLease(...asked);
    },
  };
  const lease = await HeldLease.acquire(full, 'web', 'one', never);
  isFull = true;
  await pass(10_000);
  isFull = false;
  await pass(2_000);
  expect(lease.lost.aborted).toBe(false);
  expect(store.acquireLease('web', 'two', 1_000)).toBeUndefined();
  lease.release();
});
