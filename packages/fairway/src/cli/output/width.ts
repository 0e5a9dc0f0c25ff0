import truncatedWidth from 'fast-string-truncated-width';

/** Columns that plain text takes on a terminal: wide characters count two, combining ones none. */
export function displayWidth(text: string): number {
  return truncatedWidth(text).width;
}

/** At most `columns` wide; what is cut off is replaced by the ellipsis. Plain text only: paint it afterwards. */
export function fit(text: string, columns: number | undefined, ellipsis: string): string {
  if (columns === undefined) return text;
  const result = truncatedWidth(text, { limit: Math.max(columns, 0), ellipsis });
  return result.truncated ? text.slice(0, result.index) + (result.ellipsed ? ellipsis : '') : text;
}

export function padRight(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)));
}

export function padLeft(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - displayWidth(text))) + text;
}
