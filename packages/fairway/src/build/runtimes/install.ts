import { rm } from 'node:fs/promises';
import { delimiter, join, relative } from 'node:path';
import { BuildFailed } from '../build-failed.ts';
import type { Step } from '../steps.ts';
import { hint, remark } from './install-advice.ts';
import type { PackageJson } from './package-json.ts';
import { detectPackageManager, installFolder, isModernYarn, type PackageManager } from './package-manager.ts';
import type { Workspace } from './runtime.ts';
import { fetchedTool, npmTool } from './tools.ts';

/** An app's installed packages, and how to go on with them. */
export interface Installation {
  /** Such as `npm`, or `pnpm 9.15.9`. */
  readonly manager: string;
  /** Folders with the programs that packages bring, absolute. */
  readonly binFolders: readonly string[];
  /** Runs a script of the app's package.json. */
  runScript(name: string): Promise<void>;
  /** Leaves what the running app needs. */
  prune(): Promise<void>;
}

/** Scripts that npm runs by itself after an install, and that may need development dependencies. */
const INSTALL_SCRIPTS = [
  'preinstall',
  'install',
  'postinstall',
  'prepublish',
  'preprepare',
  'prepare',
  'postprepare',
];

/**
 * Installs what the app's lock file says, with the package manager that wrote it. Development dependencies come along
 * only when there is something to build with them. `path`: folders for the front of the steps' PATH.
 */
export async function installPackages(
  workspace: Workspace,
  app: PackageJson,
  path: readonly string[],
): Promise<Installation> {
  const { root, directory, steps, cache, environment } = workspace;
  const folder = await installFolder(root, directory);
  const manager = await detectPackageManager(folder, app);
  const npm = await npmTool(environment.PATH ?? '');
  const tool = manager.name === 'npm' ? npm : await fetchedTool(manager, cache, npm, steps);
  const title = manager.version === undefined ? manager.name : `${manager.name} ${manager.version}`;
  const binFolders = [...new Set([directory, folder])].map((place) => join(place, 'node_modules', '.bin'));
  const PATH = [...path, ...tool.path, environment.PATH ?? ''].join(delimiter);

  // npm would warn of a setting that it does not know.
  const store: Record<string, string> =
    manager.name === 'pnpm' ? { npm_config_store_dir: join(cache, 'pnpm') } : {};

  const run = (name: string, words: readonly string[], more: Partial<Step> = {}) =>
    steps.run({
      name,
      title: [manager.name, ...words].join(' '),
      command: [...tool.command, ...words],
      directory: folder,
      ...more,
      environment: { PATH, ...store, ...more.environment },
    });

  const builds = workspace.app.build !== undefined || app.scripts.build !== undefined;
  const needsDevelopment = builds || INSTALL_SCRIPTS.some((script) => app.scripts[script] !== undefined);
  // Without development dependencies from the start there is nothing to prune.
  const development = needsDevelopment || manager.name !== 'npm';
  const peers: string[] = [];

  if (folder !== directory)
    steps.say(`Installing for the workspace in ${relative(root, folder) || 'the repository'}`);
  if (needsInstall(app, folder !== directory)) await install();

  return {
    manager: title,
    binFolders,
    runScript: (name) => run('build', ['run', name], { directory, environment: { NODE_ENV: 'production' } }),
    prune: async () => {
      if (!development) return;
      if (manager.name === 'npm') await run('prune', ['prune', '--omit=dev', '--ignore-scripts', ...peers]);
      else if (!isModernYarn(manager)) await run('prune', pruneWords(manager));
      await rm(join(folder, 'node_modules', '.cache'), { recursive: true, force: true });
    },
  };

  async function install(): Promise<void> {
    const words = installWords(manager, development);
    if (manager.lockFile === undefined) {
      steps.say(
        `There is no lock file: ${manager.name} takes the newest versions that package.json allows. Commit one to get the same versions each time.`,
      );
    }
    try {
      await run('install', words, { hint, remark });
    } catch (error) {
      if (
        !(error instanceof BuildFailed) ||
        manager.name !== 'npm' ||
        !error.lastLines.join('\n').includes('ERESOLVE')
      )
        throw error;
      steps.say(
        'The packages disagree about their peers; trying once more as npm 6 did (--legacy-peer-deps).',
      );
      peers.push('--legacy-peer-deps');
      await run('install', [...words, ...peers], { hint, remark });
    }
  }
}

function needsInstall(app: PackageJson, inWorkspace: boolean): boolean {
  return (
    inWorkspace ||
    app.workspaces !== undefined ||
    [app.dependencies, app.devDependencies, app.optionalDependencies].some(
      (set) => Object.keys(set).length > 0,
    ) ||
    INSTALL_SCRIPTS.some((script) => app.scripts[script] !== undefined)
  );
}

function installWords(manager: PackageManager, development: boolean): readonly string[] {
  const locked = manager.lockFile !== undefined;
  switch (manager.name) {
    case 'npm':
      return [locked ? 'ci' : 'install', development ? '--include=dev' : '--omit=dev'];
    case 'pnpm':
      return ['install', '--prod=false', ...(locked ? ['--frozen-lockfile'] : [])];
    case 'yarn':
      if (isModernYarn(manager)) return ['install', locked ? '--immutable' : '--no-immutable'];
      return ['install', '--production=false', '--non-interactive', ...(locked ? ['--frozen-lockfile'] : [])];
  }
}

/** A second install of less: pnpm cannot prune a workspace, and Yarn 1 cannot prune at all. */
function pruneWords(manager: PackageManager): readonly string[] {
  if (manager.name === 'pnpm') {
    return [
      'install',
      '--prod',
      '--ignore-scripts',
      '--offline',
      ...(manager.lockFile ? ['--frozen-lockfile'] : []),
    ];
  }
  return [
    'install',
    '--production',
    '--ignore-scripts',
    '--prefer-offline',
    '--non-interactive',
    ...(manager.lockFile ? ['--frozen-lockfile'] : []),
  ];
}
