import type { Style } from './style.ts';
import { displayWidth, fit, padRight } from './width.ts';

export interface Cell {
  /** Printable text, not yet painted. */
  readonly text: string;
  readonly paint?: (text: string) => string;
}

export interface Column {
  readonly title: string;
  /** Gives way first when the terminal is too narrow. One column at most. */
  readonly flexible?: boolean;
}

const GAP = '  ';
const NARROWEST = 8;

/** A table with a head line, columns as wide as their widest cell. Only the flexible column is ever cut. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  style: Style,
): string[] {
  const head = columns.map(({ title }) => ({ text: title, paint: style.paint.dim }));
  const lines = [head, ...rows];
  const widths = columns.map((_, index) =>
    Math.max(...lines.map((cells) => displayWidth(cells[index]?.text ?? ''))),
  );
  const flexible = columns.findIndex((column) => column.flexible);
  if (flexible >= 0 && style.columns !== undefined) {
    const others = widths.reduce((sum, width, index) => (index === flexible ? sum : sum + width), 0);
    const room = style.columns - others - GAP.length * (columns.length - 1);
    widths[flexible] = Math.min(widths[flexible]!, Math.max(room, NARROWEST));
  }
  return lines.map((cells) => renderRow(cells, widths, style));
}

function renderRow(cells: readonly Cell[], widths: readonly number[], style: Style): string {
  return cells
    .map((cell, index) => {
      const cut = fit(cell.text, widths[index], style.symbols.ellipsis);
      const padded = index === cells.length - 1 ? cut : padRight(cut, widths[index]!);
      return cell.paint ? cell.paint(cut) + padded.slice(cut.length) : padded;
    })
    .join(GAP)
    .trimEnd();
}
