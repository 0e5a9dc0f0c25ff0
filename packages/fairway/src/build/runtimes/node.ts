import { delimiter, join, relative } from 'node:path';
import semver from 'semver';
import { type Installation, installPackages } from './install.ts';
import { fetchNode, placeNode } from './node-binary.ts';
import { wantedNode } from './node-version.ts';
import { type PackageJson, readPackageJson } from './package-json.ts';
import { OWN_FOLDER, type RuntimeBuilder, type Workspace } from './runtime.ts';
import { startCommand } from './start-command.ts';
import { npmTool } from './tools.ts';

const NODE_FOLDER = `${OWN_FOLDER}/node/bin`;

/** Node apps: packages by the lock file, the `build` script, then without development dependencies. */
export const nodeRuntime: RuntimeBuilder = {
  async build(workspace) {
    const { app, root, directory, steps } = workspace;
    const description = await readPackageJson(directory);
    const node = await provideNode(workspace, description);
    const installation = description ? await installPackages(workspace, description, node.path) : undefined;
    await runBuild(workspace, description, installation, node.path);
    await installation?.prune();
    const binFolders = installation?.binFolders ?? [];
    const command = app.start ?? (await startCommand(description, directory, binFolders));
    steps.say(`It starts with: ${command.join(' ')}`);
    return {
      launch: {
        command,
        directory: app.directory,
        path: [...node.path, ...binFolders].map((folder) => relative(root, folder)),
      },
      facts: { node: node.version, ...(installation ? { packages: installation.manager } : {}) },
    };
  },
};

/** Makes sure of a Node that fits; one that had to be fetched becomes a part of the release. */
async function provideNode(
  workspace: Workspace,
  description: PackageJson | undefined,
): Promise<{ version: string; path: readonly string[] }> {
  const { app, root, directory, cache, steps, environment } = workspace;
  const configured = app.runtime.type === 'node' ? app.runtime.version : undefined;
  const wanted = await wantedNode(configured, [directory, root], description);
  const running = process.version.slice(1);
  if (wanted === undefined || semver.satisfies(running, wanted.range)) return { version: running, path: [] };
  steps.say(`${wanted.source} asks for Node ${wanted.range}; this machine's is ${running}.`);
  const binary = await fetchNode(wanted, cache, await npmTool(environment.PATH ?? ''), steps);
  steps.say(`Node ${binary.version} becomes a part of the release.`);
  await placeNode(binary, join(root, NODE_FOLDER, 'node'));
  return { version: binary.version, path: [join(root, NODE_FOLDER)] };
}

async function runBuild(
  workspace: Workspace,
  description: PackageJson | undefined,
  installation: Installation | undefined,
  path: readonly string[],
): Promise<void> {
  const { app, directory, steps, environment } = workspace;
  if (app.build) {
    const PATH = [...path, ...(installation?.binFolders ?? []), environment.PATH ?? ''].join(delimiter);
    await steps.run({
      name: 'build',
      command: app.build,
      directory,
      environment: { PATH, NODE_ENV: 'production' },
    });
  } else if (installation && description?.scripts.build !== undefined) {
    await installation.runScript('build');
  }
}
