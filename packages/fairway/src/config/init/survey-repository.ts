import { join } from 'node:path';
import { splitCommand } from '../command-words.ts';
import { quote } from '../found.ts';
import { appNameFrom, type Description, listing, readDescription, type Survey, textOf } from './survey.ts';

type Found = Omit<Survey, 'name' | 'directory'>;

/** Folders that a repository often keeps its app in, when there is none at its root. */
const LIKELY_FOLDERS = ['app', 'server', 'web', 'site', 'src', 'public', 'www', 'docs', 'dist'];
const ENTRY_FILES = ['index.js', 'app.js', 'main.js', 'index.mjs', 'server.mjs', 'app.mjs', 'src/index.js'];
const HEALTH_PATHS = ['/healthz', '/health', '/api/health', '/readyz', '/ready', '/up', '/ping', '/status'];
const SITE_GENERATORS = [
  'vite',
  '@11ty/eleventy',
  'astro',
  'gatsby',
  'react-scripts',
  'vitepress',
  '@docusaurus/core',
];

/** Looks at a repository's files, at its root first and then in the folders where an app often lies. */
export async function surveyRepository(repository: string): Promise<Survey> {
  const name = appNameFrom(repository);
  const names = await listing(repository);
  const folders = ['.', ...LIKELY_FOLDERS.filter((folder) => names.includes(folder))];
  for (const directory of folders) {
    const found = await surveyFolder(join(repository, directory), repository);
    if (found) return { name, directory, ...found };
  }
  const note = 'Nothing tells how this app starts: replace the command under start.';
  return { name, directory: '.', runtime: 'command', start: './start.sh', notes: [note] };
}

async function surveyFolder(folder: string, repository: string): Promise<Found | undefined> {
  const names = await listing(folder);
  const procfile = await textOf(join(folder, 'Procfile'));
  const web = procfile && /^web:\s*(\S.*?)\s*$/m.exec(procfile)?.[1];
  if (names.includes('package.json')) return await surveyNode(folder, repository, names, web || undefined);
  if (web)
    return {
      runtime: 'command',
      start: fromShellLine(web),
      notes: ['The start command is that of the Procfile.'],
    };
  if (names.includes('go.mod')) {
    const notes = ['go.mod: built with go build; Go must be installed where fairway serve runs.'];
    return { runtime: 'command', build: 'go build -o app .', start: './app', notes };
  }
  if (names.includes('index.html'))
    return { runtime: 'static', notes: ['index.html: its folder is served as it is.'] };
  return undefined;
}

async function surveyNode(
  folder: string,
  repository: string,
  names: readonly string[],
  web: string | undefined,
): Promise<Found | undefined> {
  const description = (await readDescription(folder))!;
  const notes = [await versionNote(folder, repository, description)];
  const generator = SITE_GENERATORS.find((name) => description.packages.includes(name));
  const startsByItself = description.scripts.start !== undefined || names.includes('server.js');
  if (generator && description.scripts.build !== undefined && !names.includes('server.js') && !web) {
    return {
      runtime: 'static',
      notes: [...notes, `${generator}: its build script makes the pages, which are served as files.`],
    };
  }
  const healthPath = await findHealthPath(folder, description);
  const found = { runtime: 'node' as const, ...(healthPath !== undefined && { healthPath }) };
  if (web)
    return {
      ...found,
      start: fromShellLine(web),
      notes: [...notes, 'The start command is that of the Procfile.'],
    };
  if (startsByItself) {
    return {
      ...found,
      notes: [...notes, `It starts with ${description.scripts.start ? '"npm start"' : 'server.js'}.`],
    };
  }
  for (const file of [description.main, ...ENTRY_FILES]) {
    if (file !== undefined && /^[\w./-]+$/.test(file) && (await textOf(join(folder, file))) !== undefined) {
      return {
        ...found,
        start: `node ${file}`,
        notes: [...notes, `There is no start script; ${file} looks like the program.`],
      };
    }
  }
  if (names.includes('index.html'))
    return { runtime: 'static', notes: ['index.html: its folder is served as it is.'] };
  const note = 'There is no start script in package.json: replace the command under start.';
  return { ...found, start: 'node server.js', notes: [...notes, note] };
}

async function versionNote(folder: string, repository: string, description: Description): Promise<string> {
  for (const place of [folder, repository]) {
    const wanted = (await textOf(join(place, '.nvmrc')))?.trim();
    if (wanted) return `Node ${quote(wanted)}, from .nvmrc.`;
  }
  if (description.node !== undefined) return `Node ${quote(description.node)}, from engines in package.json.`;
  return 'Neither .nvmrc nor engines name a version of Node; it is the one that fairway serve runs with.';
}

/** A route of the program's own sources that is called like a health check. */
async function findHealthPath(folder: string, { main }: Description): Promise<string | undefined> {
  const files = new Set([
    'server.js',
    ...(main ? [main] : []),
    ...ENTRY_FILES,
    'src/server.js',
    'src/app.js',
  ]);
  const sources = await Promise.all([...files].map((file) => textOf(join(folder, file))));
  const all = sources.join('\n');
  return HEALTH_PATHS.find((path) => ['"', "'", '`'].some((mark) => all.includes(`${mark}${path}${mark}`)));
}

/** A line that was written for a shell: in words where it needs none. */
function fromShellLine(line: string): string | readonly string[] {
  const plain = line.replaceAll(/\$(\w+)/g, '${$1}');
  const usesOnlyPort = [...plain.matchAll(/\$\{([^}]*)\}?/g)].every((match) => match[1] === 'PORT');
  const split = splitCommand(plain);
  if ('words' in split && usesOnlyPort && !/["'\\*?~]/.test(plain)) return plain;
  return ['sh', '-c', line];
}
