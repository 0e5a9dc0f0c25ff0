import type { Path } from './yaml-tree.ts';

/** Parts of the file that are planned, and what to use until then. `*` stands for any one key. */
const LATER_KEYS: Readonly<Record<string, string>> = {
  'apps.*.web': 'serve the files from the app, or as an app of their own with runtime static',
  'apps.*.context': 'run the app with runtime command',
  'apps.*.flags': 'leave it out',
  'apps.*.route.deny': 'refuse those paths in the app',
  'apps.*.route.sticky': 'keep sessions where every instance finds them',
};

const LATER_VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'apps.*.runtime': { tomcat: 'use command', java: 'use command' },
  'apps.*.runtime.type': { tomcat: 'use command', java: 'use command' },
  'apps.*.deploy.strategy': { 'blue-green': 'use rolling with surge: all' },
};

/** What to do instead of using a key that this version does not have yet; undefined for any other key. */
export function insteadOfKey(path: Path): string | undefined {
  return lookUp(LATER_KEYS, path);
}

/** The same for a value. */
export function insteadOfValue(path: Path, value: unknown): string | undefined {
  const values = typeof value === 'string' ? lookUp(LATER_VALUES, path) : undefined;
  return values && Object.hasOwn(values, value as string) ? values[value as string] : undefined;
}

function lookUp<Entry>(table: Readonly<Record<string, Entry>>, path: Path): Entry | undefined {
  return Object.entries(table).find(([pattern]) => {
    const parts = pattern.split('.');
    return parts.length === path.length && parts.every((part, index) => part === '*' || part === path[index]);
  })?.[1];
}
