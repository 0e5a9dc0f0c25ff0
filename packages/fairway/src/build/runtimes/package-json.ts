import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BuildFailed } from '../build-failed.ts';

/** What a build reads of a `package.json`. */
export interface PackageJson {
  readonly main?: string;
  readonly packageManager?: string;
  readonly engines?: { readonly node?: string };
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly workspaces?: unknown;
}

/** Undefined when the folder has none. Throws BuildFailed when it cannot be read. */
export async function readPackageJson(folder: string): Promise<PackageJson | undefined> {
  const file = join(folder, 'package.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw new BuildFailed({
      step: 'package.json',
      reason: `it is not JSON: ${(cause as Error).message}.`,
      hint: 'Correct package.json and push again.',
      cause,
    });
  }
  const fields = record(content);
  const engines = record(fields.engines);
  return {
    ...(typeof fields.main === 'string' ? { main: fields.main } : {}),
    ...(typeof fields.packageManager === 'string' ? { packageManager: fields.packageManager } : {}),
    ...(typeof engines.node === 'string' ? { engines: { node: engines.node } } : {}),
    ...(fields.workspaces === undefined ? {} : { workspaces: fields.workspaces }),
    scripts: strings(fields.scripts),
    dependencies: strings(fields.dependencies),
    devDependencies: strings(fields.devDependencies),
    optionalDependencies: strings(fields.optionalDependencies),
  };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function strings(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record(value)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
