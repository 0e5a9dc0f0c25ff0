/** `1,204` */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `3.1 %`, with as many digits as tell two small rates apart. */
export function percent(fraction: number): string {
  const value = fraction * 100;
  const digits = value !== 0 && value < 0.1 ? 3 : value < 10 ? 1 : 0;
  return `${value.toFixed(digits)} %`;
}

export function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** `p = 0.00001`; what is smaller still is not told apart. */
export function probability(value: number): string {
  if (value < 0.00001) return 'p < 0.00001';
  return `p = ${value < 0.01 ? value.toFixed(5) : value.toFixed(2)}`;
}
