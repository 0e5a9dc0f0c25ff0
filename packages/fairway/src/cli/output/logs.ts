import { printable } from '../../rollout/printable.ts';
import type { Style } from './style.ts';

const COLORS = ['cyan', 'magenta', 'blue', 'yellow', 'green'] as const;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the sequence that sets colours (ECMA-48 SGR) begins with ESC
const COLOR_SEQUENCE = /(\x1b\[[0-9;]*m)/;

/** One line of an app's log with the instance in front, in a colour of its own where there are colours. */
export function renderLogLine(line: { instance: string; text: string }, style: Style): string {
  const paint = style.paint[COLORS[colorIndex(line.instance)]!];
  return `${paint(`${line.instance} ${style.symbols.bar}`)} ${printableLog(line.text, style)}`;
}

/** Colours that an app printed stay where there are colours, and tabs stay; whatever else moves a cursor is escaped. */
function printableLog(text: string, style: Style): string {
  const colored = style.paint.isColorSupported;
  const parts = text
    .split(COLOR_SEQUENCE)
    .map((part, index) =>
      index % 2 === 1 ? (colored ? part : '') : part.split('\t').map(printable).join('\t'),
    );
  const reset = colored && parts.length > 1 ? '\u001b[0m' : '';
  return parts.join('') + reset;
}

function colorIndex(instance: string): number {
  const number = /^\d+$/.test(instance)
    ? Number(instance) - 1
    : [...instance].reduce((sum, c) => sum + c.codePointAt(0)!, 0);
  return Math.max(0, number) % COLORS.length;
}
