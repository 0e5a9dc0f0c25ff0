import { expect, it } from 'vitest';
import { logLikelihoodRatio } from './hypergeometric.ts';
import { mannWhitney } from './mann-whitney.ts';
import { normalUpperTail } from './normal.ts';
import reference from './scipy-reference.json' with { type: 'json' };

/** Relatively, but for what is as good as 0 or 1. */
function close(found: number, wanted: number): void {
  expect(Math.abs(found - wanted)).toBeLessThanOrEqual(1e-9 * Math.abs(wanted) + 1e-15);
}

it.each(reference.normalUpperTail)(
  'the upper tail of the normal distribution at $z is $p, as SciPy says',
  ({ z, p }) => close(normalUpperTail(z), p),
);

it.each(reference.hypergeometric)(
  'the likelihood ratio of $canary to $baseline at odds $oddsRatio is what SciPy says',
  ({ canary, baseline, oddsRatio, logLikelihoodRatio: wanted }) =>
    close(logLikelihoodRatio({ canary, baseline }, oddsRatio), wanted),
);

it.each(reference.mannWhitney.map((sample, index) => ({ index, ...sample })))(
  'sample $index: U is $u and p is $p, as SciPy says',
  ({ first, second, u, p }) => {
    const compared = mannWhitney(first, second);
    expect(compared.u).toBe(u);
    close(compared.pValue, p);
  },
);

it('nothing follows from samples that are all the same, or empty', () => {
  expect(mannWhitney([1, 1], [1, 1, 1])).toMatchObject({ z: 0, pValue: 1 });
  expect(mannWhitney([], [1, 2])).toMatchObject({ z: 0, pValue: 1 });
});
