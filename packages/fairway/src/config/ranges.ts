/** A range in a name is wrong; the message says what was expected instead. */
export class InvalidRange extends Error {
  override readonly name = 'InvalidRange';
}

const MOST_IN_RANGE = 1000;

/**
 * The names that a text with at most one range stands for: `box[1-3]` gives `box1`, `box2`, `box3`, and `box[08-10]`
 * keeps its zeros. A text without a range stands for itself.
 *
 * @throws InvalidRange
 */
export function expandRange(text: string): readonly string[] {
  if (!/[[\]]/.test(text)) return [text];
  const match = /^([^[\]]*)\[(\d{1,9})-(\d{1,9})\]([^[\]]*)$/.exec(text);
  if (!match) throw new InvalidRange('one range of whole numbers, such as box[1-3]');
  const [, before, first, last, after] = match as unknown as [string, string, string, string, string];
  const from = Number(first);
  const to = Number(last);
  if (to < from) throw new InvalidRange(`a range that goes up, such as [${last}-${first}]`);
  if (to - from >= MOST_IN_RANGE) throw new InvalidRange(`a range of at most ${MOST_IN_RANGE} numbers`);
  const width = first.startsWith('0') ? first.length : 0;
  return Array.from(
    { length: to - from + 1 },
    (_, index) => `${before}${String(from + index).padStart(width, '0')}${after}`,
  );
}
