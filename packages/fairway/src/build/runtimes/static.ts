import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, relative } from 'node:path';
import { isThere } from '../artifact.ts';
import { BuildFailed } from '../build-failed.ts';
import { installPackages } from './install.ts';
import { readPackageJson } from './package-json.ts';
import { OWN_FOLDER, type RuntimeBuilder, type Workspace } from './runtime.ts';

/** Where site generators put their pages, in the order of preference. */
const OUTPUT_FOLDERS = ['dist', 'build', 'out', '_site', 'public'];

/** The file server that a static release brings along, with what it needs. */
const SERVER_PACKAGES = ['sirv', '@polka/url', 'mrmime', 'totalist'];

/** Files to be served as they are, or made by a build. The release brings its own small server along. */
export const staticRuntime: RuntimeBuilder = {
  async build(workspace) {
    const { root, steps, app } = workspace;
    await makePages(workspace);
    const pages = await pagesFolder(workspace);
    await placeServer(join(root, OWN_FOLDER, 'static'));
    steps.say(`It serves the files of ${relative(root, pages) || 'the repository'}`);
    return {
      launch: {
        command: [
          'node',
          `${OWN_FOLDER}/static/server.mjs`,
          relative(root, pages) || '.',
          `\${${app.portEnv}}`,
        ],
        directory: '.',
        path: [],
      },
      facts: {},
    };
  },
};

async function makePages(workspace: Workspace): Promise<void> {
  const { app, directory, steps, environment } = workspace;
  const description = await readPackageJson(directory);
  if (app.build === undefined && description?.scripts.build === undefined) return;
  const installation = description ? await installPackages(workspace, description, []) : undefined;
  if (app.build) {
    const PATH = [...(installation?.binFolders ?? []), environment.PATH ?? ''].join(delimiter);
    await steps.run({
      name: 'build',
      command: app.build,
      directory,
      environment: { PATH, NODE_ENV: 'production' },
    });
  } else await installation?.runScript('build');
  // What made the pages is not needed to serve them.
  for (const bin of installation?.binFolders ?? []) await rm(dirname(bin), { recursive: true, force: true });
}

/** The app's folder when it has an index page, else the folder that a build usually fills. */
async function pagesFolder({ app, root, directory }: Workspace): Promise<string> {
  for (const folder of ['.', ...OUTPUT_FOLDERS]) {
    // A generator's source page often lies where its output does not.
    const built = app.build !== undefined || (await readPackageJson(directory))?.scripts.build !== undefined;
    if (built && folder === '.' && (await anyOutput(directory))) continue;
    if (await isThere(join(directory, folder, 'index.html'))) return join(directory, folder);
  }
  throw new BuildFailed({
    step: 'pages',
    reason: `there is no index.html in ${relative(root, directory) || 'the repository'}, nor in ${OUTPUT_FOLDERS.join(', ')} there.`,
    hint: "Set the app's directory: in fairway.yml to the folder with the pages, or build: to the command that makes them.",
  });
}

async function anyOutput(directory: string): Promise<boolean> {
  for (const folder of OUTPUT_FOLDERS) if (await isThere(join(directory, folder, 'index.html'))) return true;
  return false;
}

async function placeServer(folder: string): Promise<void> {
  const require = createRequire(import.meta.url);
  const nearSirv = createRequire(require.resolve('sirv'));
  for (const name of SERVER_PACKAGES) {
    const entry = name === 'sirv' ? require.resolve(name) : nearSirv.resolve(name);
    const source = entry.slice(
      0,
      entry.lastIndexOf(join('node_modules', name)) + join('node_modules', name).length,
    );
    await cp(source, join(folder, 'node_modules', name), { recursive: true, dereference: true });
  }
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'server.mjs'), SERVER);
}

const SERVER = `// Serves the files of a static release: node server.mjs FOLDER PORT
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import sirv from 'sirv';

const [folder, port] = process.argv.slice(2);
const missing = await readFile(join(folder, '404.html')).catch(() => 'Not found\\n');
const type = typeof missing === 'string' ? 'text/plain' : 'text/html';
const serve = sirv(folder, {
  etag: true,
  // Fairway's own folder and other hidden ones are no pages; sirv makes an exception of .well-known.
  dotfiles: false,
  setHeaders: (response) => response.setHeader('cache-control', 'no-cache'),
});
const server = createServer((request, response) => {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  serve(request, response, () => {
    response.writeHead(404, { 'content-type': type + '; charset=utf-8' }).end(missing);
  });
});
server.listen(Number(port), process.env.HOST ?? '127.0.0.1');
process.on('SIGTERM', () => server.close());
`;
