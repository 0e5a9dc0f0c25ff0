import { describe, expect, it } from 'vitest';
import { bucketCookie, isOnCanary, NewUsers, readBucket } from './share.ts';

describe('NewUsers', () => {
  it('fills each of the 10,000 buckets exactly once, then begins again', () => {
    const users = new NewUsers();
    const first = Array.from({ length: 10_000 }, () => users.next());
    expect(new Set(first).size).toBe(10_000);
    expect(Math.max(...first)).toBe(9999);
    expect(users.next()).toBe(first[0]);
  });

  it.each([1, 500, 2500, 9999])(
    'puts exactly %i of 10,000 on a share of as many basis points, at any offset',
    (basisPoints) => {
      for (const offset of [0, 1234, 9999]) {
        const users = new NewUsers();
        let onCanary = 0;
        for (let user = 0; user < 10_000; user++)
          if (isOnCanary(users.next(), { basisPoints, offset })) onCanary += 1;
        expect(onCanary).toBe(basisPoints);
      }
    },
  );

  it('spreads a share evenly over time: of any 1,000 users in a row, 10 % are 98 to 102', () => {
    const users = new NewUsers();
    for (let thousand = 0; thousand < 10; thousand++) {
      let onCanary = 0;
      for (let user = 0; user < 1000; user++)
        if (isOnCanary(users.next(), { basisPoints: 1000, offset: 0 })) onCanary += 1;
      expect(Math.abs(onCanary - 100)).toBeLessThanOrEqual(2);
    }
  });
});

describe('the bucket cookie', () => {
  it('is kept from scripts and foreign sites, and read back', () => {
    const cookie = bucketCookie('shop', 42);
    expect(cookie).toMatch(/^fairway-bucket-shop=42; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
    expect(readBucket(`a=b; ${cookie.split(';')[0]}; c=d`, 'shop')).toBe(42);
  });

  it.each([
    [undefined],
    [''],
    ['fairway-bucket-other=1'],
    ['xfairway-bucket-shop=1'],
    ['fairway-bucket-shop=10000'],
    ['fairway-bucket-shop=-1'],
    ['fairway-bucket-shop=007'],
    ['fairway-bucket-shop=1.5'],
    ['fairway-bucket-shop="1"'],
  ])('in %s is none', (cookies) => {
    expect(readBucket(cookies, 'shop')).toBeUndefined();
  });
});
