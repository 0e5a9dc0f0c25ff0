import { showFound } from './found.ts';
import type { Path } from './yaml-tree.ts';

/** Something wrong at a place of the document, before it is known which line that is. */
export interface Finding {
  readonly path: Path;
  /** Whether the key or its value is to be pointed at. */
  readonly at: 'key' | 'value';
  readonly message: string;
  readonly suggestion?: string;
}

/** `found …, expected …` at a value. */
export function unfit(path: Path, found: unknown, expected: string, suggestion?: string): Finding {
  return finding(path, 'value', `found ${showFound(found)}, expected ${expected}`, suggestion);
}

export function finding(path: Path, at: Finding['at'], message: string, suggestion?: string): Finding {
  return suggestion === undefined ? { path, at, message } : { path, at, message, suggestion };
}

/** `apps.web.route.paths[0]` */
export function renderPath(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const plain = /^[\w*[\]-]+$/.test(part) ? part : JSON.stringify(part);
      return index === 0 ? plain : `.${plain}`;
    })
    .join('');
}

export function valueAt(value: unknown, path: Path): unknown {
  let inner = value;
  for (const part of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, part)) return undefined;
    inner = (inner as Record<string | number, unknown>)[part];
  }
  return inner;
}

/** Whether one of the paths is the other, or leads to it. */
export function touches(one: Path, other: Path): boolean {
  const length = Math.min(one.length, other.length);
  return one.slice(0, length).every((part, index) => part === other[index]);
}
