import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Release } from '../../src/build/release.ts';
import { StaleFence } from '../../src/hosts/hosts.ts';
import type { RolloutEvent } from '../../src/rollout/events.ts';
import type { RolloutRecord, Store } from '../../src/store/store.ts';

export interface StoreUnderTest {
  /** Opens the same state again, as another controller after a crash would. */
  open(now: () => number): Store;
  dispose(): void;
}

/** What every adapter of the port `store/store.ts` promises. */
export function storeContract(adapter: string, create: () => StoreUnderTest): void {
  describe(`store: ${adapter}`, () => {
    let underTest: StoreUnderTest;
    let store: Store;
    let clock: number;

    beforeEach(() => {
      clock = 1_700_000_000_000;
      underTest = create();
      store = underTest.open(() => clock);
    });
    afterEach(() => {
      store.close();
      underTest.dispose();
    });

    const reopen = () => {
      store.close();
      store = underTest.open(() => clock);
    };
    const request = (app: string, more: Partial<RolloutRecord> = {}) =>
      store.createRollout({ app, kind: 'deploy', by: 'ann', why: 'because', requestedAt: clock, ...more });
    const said = (line: string): RolloutEvent => ({ type: 'build-output', line });
    const lines = (rollout: string) =>
      store.journal(rollout).map(({ event }) => (event.type === 'build-output' ? event.line : event.type));

    describe('rollouts', () => {
      it('are numbered per app, and begin queued', () => {
        expect([request('shop').id, request('blog').id, request('shop').id]).toEqual([
          'shop-1',
          'blog-1',
          'shop-2',
        ]);
        expect(store.rollout('shop-2')).toEqual({
          id: 'shop-2',
          app: 'shop',
          kind: 'deploy',
          status: 'queued',
          by: 'ann',
          why: 'because',
          requestedAt: clock,
        });
        expect(store.rollout('shop-3')).toBeUndefined();
      });

      it('of two apps whose names differ by a number are kept apart', () => {
        expect([request('shop').id, request('shop-1').id]).toEqual(['shop-1', 'shop-1-1']);
        expect(store.rollout('shop-1-1')?.app).toBe('shop-1');
      });

      it('keep what is to be built, or gone back to', () => {
        const { id } = request('shop', { kind: 'rollback', commit: 'c'.repeat(40), release: 'r1' });
        expect(store.rollout(id)).toMatchObject({ kind: 'rollback', commit: 'c'.repeat(40), release: 'r1' });
      });

      it('are listed newest first, by app, unfinished only, and no more than asked for', () => {
        for (const app of ['shop', 'blog', 'shop']) {
          request(app);
          clock += 1;
        }
        store.setStatus('shop-1', 'succeeded', 'done');
        const ids = (filter: Parameters<Store['rollouts']>[0]) =>
          store.rollouts(filter).map((rollout) => rollout.id);
        expect(ids({})).toEqual(['shop-2', 'blog-1', 'shop-1']);
        expect(ids({ app: 'shop' })).toEqual(['shop-2', 'shop-1']);
        expect(ids({ unfinished: true })).toEqual(['shop-2', 'blog-1']);
        expect(ids({ limit: 1 })).toEqual(['shop-2']);
      });

      it('say when and how they finished, and only then', () => {
        const { id } = request('shop');
        clock += 5;
        for (const status of ['building', 'moving'] as const) {
          store.setStatus(id, status);
          expect(store.rollout(id)).toMatchObject({ status });
          expect(store.rollout(id)).not.toHaveProperty('finishedAt');
        }
        store.setStatus(id, 'taken-back', 'instance 3 was never healthy');
        expect(store.rollout(id)).toMatchObject({
          status: 'taken-back',
          finishedAt: clock,
          outcome: 'instance 3 was never healthy',
        });
      });

      it('that do not exist have no status to set', () => {
        expect(() => store.setStatus('shop-9', 'failed')).toThrow('there is no rollout shop-9');
      });
    });

    describe('the journal', () => {
      it('gives entries sequences without a gap, over all apps', () => {
        request('shop');
        request('blog');
        const first = store.append('shop', 'shop-1', [said('a'), said('b')], 0);
        clock += 7;
        const second = store.append('blog', 'blog-1', [said('c')], 0);
        expect([...first, ...second].map((entry) => entry.sequence)).toEqual([1, 2, 3]);
        expect(second[0]).toEqual({
          sequence: 3,
          at: clock,
          app: 'blog',
          rollout: 'blog-1',
          event: said('c'),
        });
        expect(store.lastSequence()).toBe(3);
      });

      it('reads back exactly what was appended, also after a restart', () => {
        request('shop');
        const hostile = said('\u001b[31m"quoted" \\ \0 \u2028 é 用户 😀');
        const appended = store.append('shop', 'shop-1', [hostile, { type: 'action-done', id: '1' }], 0);
        reopen();
        expect(store.journal('shop-1')).toEqual(appended);
      });

      it('is read from any sequence on, oldest first, in pages', () => {
        request('shop');
        store.append('shop', 'shop-1', ['a', 'b', 'c', 'd'].map(said), 0);
        const page = (after: number, limit: number) =>
          store.journalSince(after, limit).map((entry) => entry.sequence);
        expect(page(0, 3)).toEqual([1, 2, 3]);
        expect(page(3, 3)).toEqual([4]);
        expect(page(4, 3)).toEqual([]);
      });

      it('is empty for a rollout that did nothing', () => {
        expect(store.journal('shop-1')).toEqual([]);
        expect(store.lastSequence()).toBe(0);
      });

      it('takes all of the events or none', () => {
        request('shop');
        const impossible = { type: 'build-output', line: 1n } as unknown as RolloutEvent;
        expect(() => store.append('shop', 'shop-1', [said('a'), impossible], 0)).toThrow();
        expect(lines('shop-1')).toEqual([]);
        expect(store.append('shop', 'shop-1', [said('b')], 0)[0]?.sequence).toBe(1);
      });

      it('refuses events of a rollout that it does not know', () => {
        expect(() => store.append('shop', 'shop-1', [said('a')], 0)).toThrow();
        expect(store.lastSequence()).toBe(0);
      });

      it('refuses a controller whose lease was taken over, and keeps nothing of it', () => {
        request('shop');
        const old = store.acquireLease('shop', 'first', 1000)!;
        store.append('shop', 'shop-1', [said('of the first')], old.fence);
        clock += 1000;
        const young = store.acquireLease('shop', 'second', 1000)!;
        expect(() => store.append('shop', 'shop-1', [said('late')], old.fence)).toThrow(StaleFence);
        store.append('shop', 'shop-1', [said('of the second')], young.fence);
        expect(lines('shop-1')).toEqual(['of the first', 'of the second']);
      });

      it('keeps the word of an operator, whoever has the lease', () => {
        const { id } = request('shop');
        store.acquireLease('shop', 'other', 1_000);
        store.append('shop', id, [said('stop')], undefined);
        expect(lines(id)).toEqual(['stop']);
      });

      it('is written together with what follows from it, or not at all', () => {
        const { id } = request('shop');
        const fail = () =>
          store.transaction(() => {
            store.append('shop', id, [said('the end')], 1);
            store.setStatus(id, 'succeeded');
            store.transaction(() =>
              store.recordStanding('shop', { release: 'r1', config: 'c1', rollout: id, since: 1 }),
            );
            throw new Error('disk full');
          });
        expect(fail).toThrow('disk full');
        reopen();
        expect(lines(id)).toEqual([]);
        expect(store.rollout(id)?.status).toBe('queued');
        expect(store.standings('shop')).toEqual([]);
        store.append('shop', id, [said('again')], 1);
        reopen();
        expect(lines(id)).toEqual(['again']);
      });

      it('goes by the lease of the app alone', () => {
        request('shop');
        store.acquireLease('blog', 'other', 1000);
        expect(() => store.append('shop', 'shop-1', [said('a')], 0)).not.toThrow();
      });
    });

    describe('a lease', () => {
      it('belongs to one holder until it expires, to the millisecond', () => {
        const lease = store.acquireLease('shop', 'first', 1000);
        expect(lease).toEqual({ app: 'shop', holder: 'first', fence: 1, expiresAt: clock + 1000 });
        clock += 999;
        expect(store.acquireLease('shop', 'second', 1000)).toBeUndefined();
        clock += 1;
        expect(store.acquireLease('shop', 'second', 1000)).toMatchObject({ holder: 'second', fence: 2 });
      });

      it('is told with its expiry, and taken from a holder whose expiry is known to have lapsed', () => {
        expect(store.lease('shop')).toBeUndefined();
        const lease = store.acquireLease('shop', 'first', 1000)!;
        expect(store.lease('shop')).toEqual(lease);
        expect(store.acquireLease('shop', 'second', 1000, lease.expiresAt - 1)).toBeUndefined();
        expect(store.acquireLease('shop', 'second', 1000, lease.expiresAt)).toMatchObject({
          holder: 'second',
          fence: 2,
        });
        store.releaseLease(store.lease('shop')!);
        expect(store.lease('shop')).toBeUndefined();
      });

      it('is renewed by its holder with the same fence, also late if nobody else took it', () => {
        store.acquireLease('shop', 'first', 1000);
        clock += 500;
        expect(store.acquireLease('shop', 'first', 1000)).toMatchObject({
          fence: 1,
          expiresAt: clock + 1000,
        });
        clock += 5000;
        expect(store.acquireLease('shop', 'first', 1000)).toMatchObject({ fence: 1 });
      });

      it('is not renewed by a holder who lost it', () => {
        store.acquireLease('shop', 'first', 1000);
        clock += 1000;
        store.acquireLease('shop', 'second', 1000);
        expect(store.acquireLease('shop', 'first', 1000)).toBeUndefined();
      });

      it('that was given back is free at once, and the fence still grows', () => {
        store.releaseLease(store.acquireLease('shop', 'first', 1000)!);
        expect(store.acquireLease('shop', 'second', 1000)).toMatchObject({ fence: 2 });
        store.releaseLease(store.acquireLease('shop', 'second', 1000)!);
        expect(store.acquireLease('shop', 'second', 1000)).toMatchObject({ fence: 3 });
      });

      it('that was lost cannot be given back on behalf of its new holder', () => {
        const old = store.acquireLease('shop', 'first', 1000)!;
        clock += 1000;
        store.acquireLease('shop', 'second', 1000);
        store.releaseLease(old);
        expect(store.acquireLease('shop', 'third', 1000)).toBeUndefined();
      });

      it('never falls back to an old fence, whatever happened in between', () => {
        const fences: number[] = [];
        for (let round = 0; round < 5; round++) {
          const lease = store.acquireLease('shop', `holder ${round}`, 10)!;
          fences.push(lease.fence);
          if (round % 2) store.releaseLease(lease);
          clock += 10;
          reopen();
        }
        expect(fences).toEqual([1, 2, 3, 4, 5]);
      });

      it('that was taken over makes its fence stale', () => {
        const { fence } = store.acquireLease('shop', 'one', 1_000)!;
        expect(() => store.checkFence('shop', fence)).not.toThrow();
        clock += 1_000;
        store.acquireLease('shop', 'two', 1_000);
        expect(() => store.checkFence('shop', fence)).toThrow(StaleFence);
      });

      it('is told by its newest fence, whoever holds it, and after it was given back', () => {
        expect(store.fenceOf('shop')).toBe(0);
        const lease = store.acquireLease('shop', 'one', 1_000)!;
        expect(store.fenceOf('shop')).toBe(lease.fence);
        store.releaseLease(lease);
        expect(store.fenceOf('shop')).toBe(lease.fence);
        expect(store.fenceOf('shop')).toBeLessThan(store.acquireLease('shop', 'two', 1_000)!.fence);
      });

      it('of one app says nothing about another', () => {
        store.acquireLease('shop', 'first', 1000);
        expect(store.acquireLease('blog', 'second', 1000)).toMatchObject({ fence: 1 });
      });
    });

    describe('releases', () => {
      const release = (id: string, more: Partial<Release> = {}): Release => ({
        app: 'shop',
        id,
        commit: 'c'.repeat(40),
        subject: 'Fix "it" \u001b[2J',
        author: 'Ann <ann@example.org>',
        sha256: 'a'.repeat(64),
        file: `/state/artifacts/shop/${id}.tar.gz`,
        sizeBytes: 5_000_000_000,
        builtAt: clock,
        buildKey: 'key',
        launch: { command: ['node', 'server.js'], directory: '.', path: ['node_modules/.bin'] },
        ...more,
      });

      it('are found by id, and listed newest first', () => {
        store.addRelease(release('r1'));
        store.addRelease(release('r2'));
        store.addRelease(release('r9', { app: 'blog' }));
        reopen();
        expect(store.release('shop', 'r1')).toEqual(release('r1'));
        expect(store.release('shop', 'r9')).toBeUndefined();
        expect(store.releases('shop').map((each) => each.id)).toEqual(['r2', 'r1']);
      });

      it('are found by commit and build key, the newest of several', () => {
        store.addRelease(release('r1'));
        store.addRelease(release('r2'));
        expect(store.findRelease('shop', 'c'.repeat(40), 'key')?.id).toBe('r2');
        expect(store.findRelease('shop', 'c'.repeat(40), 'another key')).toBeUndefined();
        expect(store.findRelease('shop', 'd'.repeat(40), 'key')).toBeUndefined();
        expect(store.findRelease('blog', 'c'.repeat(40), 'key')).toBeUndefined();
      });

      it('can be added again, and removed', () => {
        store.addRelease(release('r1'));
        store.addRelease(release('r1', { file: '/elsewhere.tar.gz' }));
        expect(store.releases('shop')).toEqual([release('r1', { file: '/elsewhere.tar.gz' })]);
        store.removeRelease('shop', 'r1');
        expect(store.releases('shop')).toEqual([]);
      });
    });

    describe('what stands', () => {
      const standing = (rollout: string, release: string) => ({
        release,
        config: 'digest',
        rollout,
        since: clock,
      });

      it('is the last that was recorded, before those it replaced', () => {
        store.recordStanding('shop', standing('shop-1', 'r1'));
        store.recordStanding('shop', standing('shop-2', 'r2'));
        store.recordStanding('blog', standing('blog-1', 'r9'));
        reopen();
        expect(store.standings('shop')).toEqual([standing('shop-2', 'r2'), standing('shop-1', 'r1')]);
        expect(store.apps()).toEqual(['blog', 'shop']);
      });

      it('is recorded once per rollout, however often it is said', () => {
        store.recordStanding('shop', standing('shop-1', 'r1'));
        store.recordStanding('shop', standing('shop-2', 'r2'));
        store.recordStanding('shop', { ...standing('shop-1', 'r1'), since: clock + 1 });
        expect(store.standings('shop')).toEqual([standing('shop-2', 'r2'), standing('shop-1', 'r1')]);
      });

      it('is nothing after it was cleared', () => {
        store.recordStanding('shop', standing('shop-1', 'r1'));
        store.recordStanding('blog', standing('blog-1', 'r9'));
        store.clearStandings('shop');
        expect(store.standings('shop')).toEqual([]);
        expect(store.standings('blog')).toHaveLength(1);
        expect(store.apps()).toEqual(['blog']);
      });
    });

    it('keeps pinned configurations by digest; the first text stays', () => {
      store.pin('digest', '{"a":1}');
      store.pin('digest', '{"a":2}');
      reopen();
      expect(store.pinned('digest')).toBe('{"a":1}');
      expect(store.pinned('unknown')).toBeUndefined();
    });

    describe('ports', () => {
      const range = { from: 4000, to: 4002 };
      const free = () => Promise.resolve(true);
      const place = (instance: string, slot: 'a' | 'b' = 'a', host = 'local') => ({
        app: 'shop',
        instance,
        slot,
        host,
      });

      it('stay with their slot for ever, also when the range changes or something else listens there', async () => {
        expect(await store.portFor(place('1'), range, free)).toBe(4000);
        reopen();
        const never = () => Promise.resolve(false);
        expect(await store.portFor(place('1'), { from: 5000, to: 5001 }, never)).toBe(4000);
      });

      it('move to another one when somebody else has taken theirs, and stay there', async () => {
        for (const instance of ['1', '2']) await store.portFor(place(instance), range, free);
        const taken = (port: number) => Promise.resolve(port !== 4000);
        expect(await store.movePort(place('1'), range, taken)).toBe(4002);
        reopen();
        expect(await store.portFor(place('1'), range, free)).toBe(4002);
        expect(await store.portFor(place('2'), range, free)).toBe(4001);
      });

      it('differ between slots of a host, and pass over what is in use', async () => {
        const isFree = (port: number) => Promise.resolve(port !== 4000);
        expect(await store.portFor(place('1', 'a'), range, isFree)).toBe(4001);
        expect(await store.portFor(place('1', 'b'), range, isFree)).toBe(4002);
        expect(await store.portFor(place('1', 'a', 'other'), range, isFree)).toBe(4001);
      });

      it('are looked for from a given one on, and then from the beginning', async () => {
        const places = ['1', '2', '3'].map((instance) => place(instance));
        const ports = [];
        for (const one of places) ports.push(await store.portFor(one, { ...range, first: 4001 }, free));
        expect(ports).toEqual([4001, 4002, 4000]);
      });

      it('differ also when all are asked for at the same time', async () => {
        const asked = ['1', '2', '3', '1'].map((instance) => store.portFor(place(instance), range, free));
        const ports = await Promise.all(asked);
        expect(ports[3]).toBe(ports[0]);
        expect(new Set(ports)).toEqual(new Set([4000, 4001, 4002]));
      });

      it('that run out are an error that says who has them', async () => {
        await store.portFor(place('1'), range, free);
        await expect(store.portFor(place('2'), range, () => Promise.resolve(false))).rejects.toThrow(
          'shop/2/a: no port from 4000 to 4002 is free on local: 1 belong to other instances, 2 are used by other programs',
        );
      });

      it('are given back by instance or by app', async () => {
        for (const instance of ['1', '2', '3']) await store.portFor(place(instance), range, free);
        store.releasePorts('shop', '2');
        expect(await store.portFor(place('4'), range, free)).toBe(4001);
        store.releasePorts('shop');
        expect(await store.portFor(place('9'), range, free)).toBe(4000);
      });
    });

    describe('people', () => {
      it('leave an audit, read newest first in pages', () => {
        for (const subject of ['r1', 'r2', 'r3']) {
          store.audit({ by: 'ann', action: 'deploy', subject, why: 'because' });
          clock += 1;
        }
        const [newest, middle] = store.audits({ limit: 2 });
        expect(newest).toEqual({
          sequence: 3,
          at: clock - 1,
          by: 'ann',
          action: 'deploy',
          subject: 'r3',
          why: 'because',
        });
        expect(store.audits({ limit: 2, before: middle!.sequence }).map((entry) => entry.subject)).toEqual([
          'r1',
        ]);
      });

      it('are known by the secret of their token until it is removed', () => {
        const token = store.addToken({ name: 'ci', role: 'deployer', secret: 'fwy_secret' });
        expect(token).toMatchObject({ name: 'ci', role: 'deployer', createdAt: clock });
        reopen();
        expect(store.findToken('fwy_secret')).toMatchObject({ id: token.id, role: 'deployer' });
        expect(store.findToken('fwy_Secret')).toBeUndefined();
        expect(store.findToken('')).toBeUndefined();
        expect(store.removeToken(token.id)).toBe(true);
        expect(store.findToken('fwy_secret')).toBeUndefined();
        expect(store.removeToken(token.id)).toBe(false);
      });

      it('are shown when their token was last used, to the minute', () => {
        store.addToken({ name: 'ci', role: 'viewer', secret: 's' });
        expect(store.tokens()[0]).not.toHaveProperty('lastUsedAt');
        const first = clock;
        store.findToken('s');
        clock += 59_999;
        store.findToken('s');
        expect(store.tokens()[0]?.lastUsedAt).toBe(first);
        clock += 1;
        store.findToken('s');
        expect(store.tokens()[0]?.lastUsedAt).toBe(clock);
      });

      it('have tokens of different names', () => {
        store.addToken({ name: 'ci', role: 'viewer', secret: 'one' });
        expect(() => store.addToken({ name: 'ci', role: 'admin', secret: 'two' })).toThrow(
          'There is a token named ci already',
        );
        expect(store.findToken('two')).toBeUndefined();
      });
    });
  });
}
