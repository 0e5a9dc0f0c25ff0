import { closest, distance } from 'fastest-levenshtein';

const LONGEST_SHOWN = 60;
// Control characters and those that reorder text would let a file write to the reader's terminal.
const UNPRINTABLE = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A value of the file, as a problem shows it: `"roling"`, `7`, `a list`, `nothing`. */
export function showFound(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'keys and values';
  return String(value);
}

/** Text in double quotes, shortened, with every character visible. */
export function quote(text: string): string {
  const short = text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN - 1)}…` : text;
  return JSON.stringify(short).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `a`, `a or b`, `a, b or c`. */
export function oneOf(choices: readonly string[]): string {
  if (choices.length <= 1) return choices.join('');
  return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}

/** `Did you mean "health"?` when one of the known words is near enough to be what was meant. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  // Long inputs cannot be misspellings of our words, and the distance takes quadratic time.
  if (known.length === 0 || word.length > 64) return undefined;
  const lowered = word.toLowerCase().replaceAll('-', '_');
  const match = closest(
    lowered,
    known.map((name) => name.toLowerCase().replaceAll('-', '_')),
  );
  const tolerated = Math.max(1, Math.floor(lowered.length / 3));
  if (distance(lowered, match) > tolerated) return undefined;
  const meant = known.find((name) => name.toLowerCase().replaceAll('-', '_') === match)!;
  return `Did you mean ${quote(meant)}?`;
}
