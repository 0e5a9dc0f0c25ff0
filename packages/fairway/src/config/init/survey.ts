import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { APP_NAME } from '../names.ts';

/** What a look at a repository told about the app in it. Nothing of it was run. */
export interface Survey {
  /** Fit for a name in fairway.yml, from the folder's. */
  readonly name: string;
  /** The app's folder in the repository. */
  readonly directory: string;
  readonly runtime: 'node' | 'static' | 'command';
  /** Set where the runtime would not find it by itself. */
  readonly start?: string | readonly string[];
  readonly build?: string;
  readonly healthPath?: string;
  /** For the person: what was seen, and what is left to decide. */
  readonly notes: readonly string[];
}

export interface Description {
  readonly scripts: Readonly<Record<string, string>>;
  readonly main?: string;
  readonly node?: string;
  readonly packages: readonly string[];
}

/** A name that fairway.yml accepts, as near to the folder's as can be. */
export function appNameFrom(folder: string): string {
  const plain = basename(resolve(folder))
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[\u0300-\u036f]/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  const lettered = /^[a-z]/.test(plain) ? plain : `app-${plain}`;
  const name = lettered.slice(0, 31).replace(/-+$/, '');
  return APP_NAME.test(name) ? name : 'app';
}

/** Names of files and folders in a folder; none where it is none. */
export async function listing(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(() => []);
}

/** A file's text, if it is there and of a size that a person would write. */
export async function textOf(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text !== undefined && text.length <= 512 * 1024 ? text : undefined;
}

/** What matters here of a package.json; undefined where there is none that can be read. */
export async function readDescription(folder: string): Promise<Description | undefined> {
  const text = await textOf(join(folder, 'package.json'));
  if (text === undefined) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return { scripts: {}, packages: [] };
  }
  const section = (value: unknown) =>
    typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const of = Object.fromEntries(section(content)) as Record<string, unknown>;
  const texts = (value: unknown) => section(value).filter((entry) => typeof entry[1] === 'string');
  const engines = Object.fromEntries(texts(of.engines)) as Record<string, string>;
  return {
    scripts: Object.fromEntries(texts(of.scripts)) as Record<string, string>,
    ...(typeof of.main === 'string' && { main: of.main }),
    ...(engines.node !== undefined && { node: engines.node }),
    packages: [...section(of.dependencies), ...section(of.devDependencies)].map(([name]) => name),
  };
}
