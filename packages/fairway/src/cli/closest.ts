import { closest, distance } from 'fastest-levenshtein';

/** `did you mean "shop"?`, if one of the names is near enough to be a slip of the fingers. */
export function closestOf(found: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const name = closest(found, names);
  return distance(found, name) <= Math.max(1, Math.floor(found.length / 3))
    ? `did you mean "${name}"?`
    : undefined;
}
