import { describe, expect, it } from 'vitest';
import { condemned } from './canaries.ts';
import { wilson } from './chance.ts';
import { FAILING, IDENTICAL, SLOW, SLOW_TAIL } from './scenes.ts';

/** `npm run bench:judge` tries many more. */
describe('the judge, over many seeded canaries', () => {
  it.each(IDENTICAL)(
    'hardly ever condemns an identical release ($name)',
    (plan) => {
      // More than 1 % of 150 with certainty enough to fail a test on.
      expect(wilson(condemned(plan, 150), 150).from).toBeLessThanOrEqual(0.01);
    },
    120_000,
  );

  it.each([
    { name: '5 % failures against 0.5 %', plan: FAILING },
    { name: 'times twice as long', plan: SLOW },
    { name: 'a tail that doubles the p95', plan: SLOW_TAIL },
  ])(
    'catches $name within 1,000 requests of the canary',
    ({ plan }) => {
      expect(condemned(plan, 200)).toBeGreaterThanOrEqual(190);
    },
    120_000,
  );
});
