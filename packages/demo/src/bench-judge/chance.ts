/** Uniform numbers in [0, 1). */
export type Draw = () => number;

/** Mulberry32, by Tommy Ettinger (public domain): the same seed gives the same numbers. */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** How many events fall into a span that has `mean` of them on average (Knuth's way). */
export function poisson(mean: number, draw: Draw): number {
  const limit = Math.exp(-mean);
  let product = draw();
  let count = 0;
  while (product > limit) {
    product *= draw();
    count += 1;
  }
  return count;
}

/** Draws one request time, ms. */
export type Time = (draw: Draw) => number;

/** Log-normal times around `medianMs`, as web apps have them. */
export function logNormal(medianMs: number, spread: number): Time {
  return (draw) => {
    const normal = Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
    return medianMs * Math.exp(spread * normal);
  };
}

/** The same times, but a part of the requests takes `factor` times as long: a slow path that only some meet. */
export function slowedInPart(time: Time, part: number, factor: number): Time {
  return (draw) => time(draw) * (draw() < part ? factor : 1);
}

/** Wilson's 95 % interval of a proportion. */
export function wilson(hits: number, trials: number): { readonly from: number; readonly to: number } {
  const z = 1.959963984540054;
  const part = hits / trials;
  const centre = part + (z * z) / (2 * trials);
  const half = z * Math.sqrt((part * (1 - part)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  return { from: Math.max(0, (centre - half) / scale), to: Math.min(1, (centre + half) / scale) };
}
