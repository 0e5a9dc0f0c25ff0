import { randomUUID } from 'node:crypto';
import { mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { isThere } from '../artifact.ts';
import type { Steps } from '../steps.ts';
import type { PackageManager } from './package-manager.ts';

/** A package manager ready to run. */
export interface Tool {
  /** What goes before its arguments. */
  readonly command: readonly string[];
  /** Folder with its program, for scripts that call it by name. */
  readonly path: readonly string[];
}

/**
 * npm is the one that belongs to the server's own Node, started by that Node: it runs whatever old version the app
 * needs for itself, which its scripts find on the PATH.
 */
export async function npmTool(path: string): Promise<Tool> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const program = await realpath(join(folder, 'npm')).catch(() => undefined);
    if (program === undefined) continue;
    return { command: program.endsWith('.js') ? [process.execPath, program] : [program], path: [] };
  }
  return { command: ['npm'], path: [] };
}

/** Yarn or pnpm in exactly this version, from npm, kept in the cache. */
export async function fetchedTool(
  manager: PackageManager,
  cache: string,
  npm: Tool,
  steps: Steps,
): Promise<Tool> {
  const modernYarn = manager.name === 'yarn' && !manager.version!.startsWith('1.');
  const packageName = modernYarn ? '@yarnpkg/cli-dist' : manager.name;
  const home = join(cache, 'tools', `${manager.name}-${manager.version}`);
  if (!(await isThere(home))) await install(`${packageName}@${manager.version}`, home, npm, steps);
  const folder = join(home, 'node_modules', packageName);
  const { bin } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    bin: string | Record<string, string>;
  };
  const script = typeof bin === 'string' ? bin : bin[manager.name]!;
  return { command: ['node', join(folder, script)], path: [join(home, 'node_modules', '.bin')] };
}

/** Installs one package, without running scripts of it, into a folder that appears when it is complete. */
export async function install(spec: string, home: string, npm: Tool, steps: Steps): Promise<void> {
  const partial = `${home}.${randomUUID()}`;
  await mkdir(partial, { recursive: true });
  try {
    await writeFile(join(partial, 'package.json'), '{ "private": true }\n');
    await steps.run({
      name: 'tools',
      title: `npm install ${spec}`,
      command: [...npm.command, 'install', '--ignore-scripts', '--no-package-lock', '--no-save', '--', spec],
      directory: partial,
      hint: () => `The npm registry must offer ${spec}, and be reachable from this machine.`,
    });
    await mkdir(dirname(home), { recursive: true });
    await rename(partial, home).catch(async (error: NodeJS.ErrnoException) => {
      // Another build was faster; the two are the same.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
