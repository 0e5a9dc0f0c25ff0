import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigProblems } from './problem.ts';
import type { Production } from './production.ts';
import { readProduction } from './read.ts';

const NAME = 'production.json';

/**
 * The configuration to start a control server with: the file's, or, where that has problems by now, the one that it was
 * last started with. A typing mistake must not keep a production down after a reboot. `problems` tells what is wrong with
 * the file. Throws ConfigProblems where there is no earlier one.
 */
export async function productionToStartWith(
  file: string,
  stateDirectory: string,
): Promise<{ production: Production; problems?: ConfigProblems }> {
  try {
    return { production: await readProduction(file, stateDirectory) };
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error;
    const production = await lastGood(file, stateDirectory);
    if (!production) throw error;
    return { production, problems: error };
  }
}

/** Remembers a configuration that a control server runs with. The state directory must exist. */
export async function rememberProduction(production: Production, stateDirectory: string): Promise<void> {
  const path = join(stateDirectory, NAME);
  await writeFile(`${path}.new`, JSON.stringify(production), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** The configuration that a control server was last started with in a state directory. */
export async function rememberedProduction(stateDirectory: string): Promise<Production | undefined> {
  try {
    return JSON.parse(await readFile(join(stateDirectory, NAME), 'utf8')) as Production;
  } catch {
    return undefined;
  }
}

async function lastGood(file: string, stateDirectory: string): Promise<Production | undefined> {
  const production = await rememberedProduction(stateDirectory);
  return production?.file === file ? production : undefined;
}
