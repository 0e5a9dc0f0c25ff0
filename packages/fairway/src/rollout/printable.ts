/**
 * Control characters, and the ones that reorder or hide text around them: C0, DEL and C1; line and paragraph
 * separators; the bidirectional marks, embeddings, overrides and isolates (Unicode UAX #9); the byte order mark; the
 * invisible tag characters. The zero-width joiner is left alone: emoji and several scripts need it.
 */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text that people outside wrote (a commit subject, a log line, a reason) made safe for a terminal, a log and a page:
 * every character that could move the cursor, change colours or reorder its neighbours becomes a visible escape
 * (`\x1b`, `\u202e`). The rest stays as it is.
 */
export function printable(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (character) => NAMED[character] ?? visibleEscape(character.codePointAt(0)!),
  );
}

function visibleEscape(code: number): string {
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\u{${code.toString(16)}}`;
}
