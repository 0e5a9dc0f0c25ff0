/** Chance that can be repeated: the same seed gives the same answers in the same order. */
export interface Chance {
  /** A whole number from 0 to `most`. */
  upTo(most: number): number;
  /** True so often in a hundred. */
  percent(percent: number): boolean;
}

/** Mulberry32, by Tommy Ettinger (public domain): 32 bits of state, plenty for a simulation. */
export function chanceFrom(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    upTo: (most) => Math.floor(next() * (most + 1)),
    percent: (percent) => next() * 100 < percent,
  };
}
