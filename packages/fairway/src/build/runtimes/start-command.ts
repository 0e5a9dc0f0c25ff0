import { join } from 'node:path';
import { parseArgsStringToArgv } from 'string-argv';
import { isThere } from '../artifact.ts';
import { BuildFailed } from '../build-failed.ts';
import type { PackageJson } from './package-json.ts';

/** The app's own way of starting: its start script, `server.js`, or `main`. Throws BuildFailed when it has none. */
export async function startCommand(
  app: PackageJson | undefined,
  directory: string,
  binFolders: readonly string[],
): Promise<readonly string[]> {
  const script = app?.scripts.start;
  if (script !== undefined) return await fromScript(script, app!, binFolders);
  if (await isThere(join(directory, 'server.js'))) return ['node', 'server.js'];
  const main = app?.main;
  if (main !== undefined) {
    for (const file of [main, `${main}.js`, join(main, 'index.js')]) {
      if (await isThere(join(directory, file))) return ['node', main];
    }
  }
  throw new BuildFailed({
    step: 'start command',
    reason: `nothing says how the app starts: no start script in package.json, no server.js${main === undefined ? '' : `, and no ${main} (its main)`}.`,
    hint: 'Set start: in fairway.yml, for example start: node server.js',
  });
}

async function fromScript(
  script: string,
  app: PackageJson,
  binFolders: readonly string[],
): Promise<readonly string[]> {
  if (app.scripts.prestart !== undefined || app.scripts.poststart !== undefined) return ['npm', 'start'];
  const plain = plainCommand(script);
  // package.json defines a script as a line for the shell; this is what npm does with it.
  if (plain === undefined) return ['sh', '-c', script];
  await requireProgram(plain, app, binFolders);
  return plain;
}

/** The script's words, when no shell is needed to tell them. `$PORT` becomes `${PORT}`, which is filled in at launch. */
export function plainCommand(script: string): readonly string[] | undefined {
  if (/[|&;<>()`\\*?~#\n'"]|\[|\$(?!\w|\{\w+\})/.test(script)) return undefined;
  const words = parseArgsStringToArgv(script.trim()).map((word) => word.replace(/\$(\w+)/g, '${$1}'));
  if (words.length === 0) return undefined;
  return /^\w+=/.test(words[0]!) ? ['env', ...words] : words;
}

/** A start script is often written for development: its program is gone once development dependencies are. */
async function requireProgram(
  command: readonly string[],
  app: PackageJson,
  binFolders: readonly string[],
): Promise<void> {
  const program = command.find((word) => word !== 'env' && !/^\w+=/.test(word));
  if (program === undefined || program.includes('/') || app.devDependencies[program] === undefined) return;
  for (const folder of binFolders) if (await isThere(join(folder, program))) return;
  throw new BuildFailed({
    step: 'start command',
    reason: `the start script runs ${program}, which is a development dependency and not in the release.`,
    hint: `Move ${program} to dependencies, or set start: in fairway.yml, for example start: node server.js`,
  });
}
