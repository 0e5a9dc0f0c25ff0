import { expect, it } from 'vitest';
import { movedBack, shareOf } from './figures.ts';
import type { Visit } from './users.ts';

function visit(user: number, startedAt: number, release: string | undefined, isFirst = false): Visit {
  return { user, startedAt, isFirst, ...(release !== undefined && { release }) };
}

it('counts new users only, and only those that were answered', () => {
  const visits = [
    visit(1, 0, 'new', true),
    visit(2, 1, 'old', true),
    visit(3, 2, 'old', true),
    visit(4, 3, undefined, true),
    visit(1, 4, 'new'),
  ];
  expect(shareOf(visits, 'new')).toEqual({ percent: 100 / 3, users: 3 });
  expect(shareOf([], 'new')).toEqual({ percent: 0, users: 0 });
});

it('counts each user once who had a release and then another, in the order of their visits', () => {
  const visits = [
    visit(1, 5, 'old'),
    visit(1, 1, 'new'),
    visit(1, 6, 'old'),
    visit(2, 1, 'old'),
    visit(2, 2, 'new'),
    visit(2, 3, undefined),
  ];
  expect(movedBack(visits, 'new')).toBe(1);
});
