import type { z } from 'zod';
import { valueAt } from './finding.ts';
import type { Path } from './yaml-tree.ts';

// A section that lacks what it must have goes as a whole in the next round; three lie within one another.
const ROUNDS = 4;

/**
 * What a schema makes of the parts of a document that have no problem of their own, so that they can be seen together
 * all the same; defaults take the place of the rest. Undefined when too little is left.
 */
export function readWithoutBroken<Schema extends z.ZodType>(
  schema: Schema,
  document: unknown,
  broken: readonly Path[],
): z.output<Schema> | undefined {
  const copy = structuredClone(document);
  let paths = broken;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const path of paths) remove(copy, path);
    const parsed = schema.safeParse(copy);
    if (parsed.success) return parsed.data;
    paths = parsed.error.issues.map((issue) => issue.path as Path);
  }
  return undefined;
}

/** Takes away what is at the path; a list as a whole; where there is nothing, the section that lacks it. */
function remove(document: unknown, path: Path): void {
  const item = path.findIndex((part) => typeof part === 'number');
  const whole = item === -1 ? path : path.slice(0, item);
  const section = valueAt(document, whole.slice(0, -1));
  const key = whole.at(-1);
  if (key === undefined || typeof section !== 'object' || section === null) return;
  if (Object.hasOwn(section, key)) delete (section as Record<string | number, unknown>)[key];
  else if (key === 'runtime') Object.assign(section, { runtime: 'node' });
  else remove(document, whole.slice(0, -1));
}
