import { expect, it } from 'vitest';
import { failuresInARow, restartDelayMs } from './backoff.ts';

it('doubles the pause with every failure in a row, from 100 ms to 30 s', () => {
  expect([1, 2, 3, 4, 9, 10, 40].map(restartDelayMs)).toEqual([100, 200, 400, 800, 25_600, 30_000, 30_000]);
});

it('begins anew after ten seconds of stable running', () => {
  expect(failuresInARow(8, 9_999)).toBe(9);
  expect(failuresInARow(8, 10_000)).toBe(1);
});
