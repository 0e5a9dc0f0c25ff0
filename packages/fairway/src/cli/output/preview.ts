import { printable } from '../../rollout/printable.ts';
import type { Preview } from '../../server/api.ts';
import type { Style } from './style.ts';
import { padLeft } from './width.ts';

/** What would be done, numbered in order. */
export function renderPreview(preview: Preview, style: Style): string[] {
  const { paint } = style;
  const digits = String(preview.steps.length).length;
  return [
    `${paint.bold(`${preview.app}: ${preview.kind}`)}  ${printable(preview.summary)}`,
    ...preview.steps.map(
      (step, index) => `  ${paint.dim(`${padLeft(String(index + 1), digits)}.`)} ${printable(step)}`,
    ),
  ];
}
