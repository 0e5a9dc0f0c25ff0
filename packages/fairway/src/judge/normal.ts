/**
 * The chance that a standard normal variable exceeds `z`, to at least 1e-15 absolutely and 12 digits relatively in the tail.
 * By the series of the error function near 0, and by its continued fraction beyond.
 * Source: M. Abramowitz and I. Stegun, Handbook of Mathematical Functions, 26.2.11 and 26.2.14.
 */
export function normalUpperTail(z: number): number {
  if (z < 0) return 1 - normalUpperTail(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let k = 1; Math.abs(term) > 1e-18 * Math.abs(sum); k += 1) {
      term *= (z * z) / (2 * k + 1);
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = 0;
  for (let k = 200; k > 0; k -= 1) fraction = k / (z + fraction);
  return density / (z + fraction);
}
