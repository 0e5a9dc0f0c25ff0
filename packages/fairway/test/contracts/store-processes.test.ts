import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockState, StateLocked } from '../../src/store/sqlite/lock.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite.ts';
import type { Lease } from '../../src/store/store.ts';
import { type StateWorker, startStateWorker } from '../support/state-worker.ts';

describe('the SQLite store between processes', () => {
  let directory: string;
  let file: string;
  const workers: StateWorker[] = [];
  const start = (...args: string[]) => {
    const worker = startStateWorker(...args);
    workers.push(worker);
    return worker;
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fairway-store-'));
    file = join(directory, 'fairway.db');
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  it('gives each lease to exactly one of two processes that ask at the same time', async () => {
    const apps = 60;
    const racers = ['first', 'second'].map((holder) => start('race', file, holder, String(apps)));
    for (const racer of racers) expect(await racer.next()).toBe('ready');
    for (const racer of racers) racer.process.stdin!.write('go\n');
    const won = (await Promise.all(racers.map((racer) => racer.next()))) as Lease[][];
    const names = won.flat().map((lease) => lease.app);
    expect(names).toHaveLength(apps);
    expect(new Set(names).size).toBe(apps);
    expect(won.flat().every((lease) => lease.fence === 1)).toBe(true);
  });

  it('keeps whole batches and every one that was answered, when the writer is killed at any time', async () => {
    for (const answersBeforeKill of [1, 7, 40]) {
      const own = join(directory, `killed-${answersBeforeKill}.db`);
      const writer = start('append', own);
      let answered = 0;
      for (let count = 0; count < answersBeforeKill; count++) answered = (await writer.next()) as number;
      await writer.kill();

      const store = openSqliteStore(own);
      const journal = store.journal('shop-1');
      expect(journal.length).toBeGreaterThanOrEqual(answered);
      expect(journal.length % 10).toBe(0);
      expect(journal.map((entry) => entry.sequence)).toEqual(journal.map((_, place) => place + 1));
      const lease = store.acquireLease('shop', 'worker', 1000)!;
      expect(
        store.append('shop', 'shop-1', [{ type: 'action-done', id: '1' }], lease.fence)[0]?.sequence,
      ).toBe(journal.length + 1);
      store.close();
    }
  });

  it('lets one control server in, names its process to the next, and is free once that one was killed', async () => {
    const first = start('lock', directory);
    expect(await first.next()).toBe('locked');
    const attempt = () => lockState(directory);
    expect(attempt).toThrow(StateLocked);
    expect(attempt).toThrow(`${directory} is in use by another control server, process ${first.process.pid}`);
    await first.kill();
    attempt().release();
  });

  it('can be locked again after it was given back, and leaves no pid behind', () => {
    lockState(directory).release();
    const lock = lockState(directory);
    expect(readdirSync(directory)).toContain('serve.pid');
    lock.release();
    lock.release();
    expect(readdirSync(directory)).not.toContain('serve.pid');
  });

  it('keeps its files from other users', () => {
    const state = join(directory, 'state');
    const lock = lockState(state);
    const store = openSqliteStore(join(state, 'fairway.db'));
    store.audit({ by: 'a', action: 'b', subject: 'c', why: 'd' });
    expect(statSync(state).mode & 0o777).toBe(0o700);
    const files = readdirSync(state);
    expect(files).toContain('fairway.db-wal');
    for (const each of files) expect([each, statSync(join(state, each)).mode & 0o777]).toEqual([each, 0o600]);
    store.close();
    lock.release();
  });
});
