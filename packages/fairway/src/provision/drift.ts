import { structuredPatch } from 'diff';
import type { TaskDiff } from './events.ts';

/** How something on a host differs from what it should be. */
export interface Difference {
  /** The file, where it is one. */
  readonly what: string;
  /** As in a unified diff: each begins with a blank, `-` (as it is) or `+` (as it should be). */
  readonly lines: readonly string[];
}

const CONTEXT_LINES = 2;

/** What a task in check mode says that it would change; empty when the task does not say. */
export function differences(diffs: readonly TaskDiff[]): Difference[] {
  return diffs.flatMap((diff) => {
    if (diff.prepared !== undefined) {
      const lines = diff.prepared.split('\n').filter((line) => line.trim() !== '');
      return lines.length > 0 ? [{ what: '', lines: lines.map((line) => `+${line}`) }] : [];
    }
    const [before, after] = [asText(diff.before), asText(diff.after)];
    if (before === after) return [];
    const { hunks } = structuredPatch('', '', before, after, '', '', { context: CONTEXT_LINES });
    const lines = hunks.flatMap((hunk, index) => [...(index > 0 ? [' …'] : []), ...hunk.lines]);
    return [{ what: fileOf(diff), lines: lines.filter((line) => !line.startsWith('\\')) }];
  });
}

function fileOf({ before_header, after_header, before }: TaskDiff): string {
  const isGenerated = after_header === undefined || /^dynamically generated|\/\.?ansible/.test(after_header);
  const header = before_header ?? (isGenerated ? undefined : after_header);
  if (header !== undefined) return header.replace(/ \(content\)$/, '');
  return typeof before === 'object' && before !== null && 'path' in before ? String(before.path) : '';
}

/** Modules give a text, or a dictionary of what they look at. */
function asText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  return `${Object.entries(value)
    .map(([key, inner]) => `${key}: ${typeof inner === 'string' ? inner : JSON.stringify(inner)}`)
    .join('\n')}\n`;
}
