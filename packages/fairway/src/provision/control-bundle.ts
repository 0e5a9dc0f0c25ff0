import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { ANSIBLE_FOLDER } from './run-playbook.ts';

/** Fairway with all that it needs, as one archive for a machine that need not reach a package registry. */
export interface ControlBundle {
  readonly archive: string;
  /** Two with the same name hold the same. */
  readonly name: string;
}

/** Node 20 brings an npm of this line; apps are built with it. */
const NPM_VERSION = '10.9.9';
const PACKAGE_FOLDER = dirname(ANSIBLE_FOLDER);

/** Packs the Fairway that runs here, with its dependencies, Node and npm for Linux. Kept until Fairway is another. */
export async function controlBundle(stateDirectory: string): Promise<ControlBundle> {
  const folder = join(stateDirectory, 'cache', 'control');
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, 'packing-'));
  try {
    const { tarball, digest } = await packFairway(work);
    const node = `node-linux-${process.arch}@${process.versions.node}`;
    const inputs = [digest, node, NPM_VERSION].join('\n');
    const name = createHash('sha256').update(inputs).digest('hex').slice(0, 16);
    const archive = join(folder, `${name}.tar.gz`);
    if (!existsSync(archive)) await makeArchive(work, [tarball, node, `npm@${NPM_VERSION}`], archive);
    return { archive, name };
  } catch (error) {
    throw new BundleFailed(error);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function packFairway(work: string): Promise<{ tarball: string; digest: string }> {
  const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', work, PACKAGE_FOLDER];
  const { stdout } = await execa('npm', words, { cwd: work });
  // npm 10 gives a list, npm 11 may give a dictionary.
  const file = /"filename":\s*"([^"]+)"/.exec(stdout)?.[1];
  if (file === undefined) throw new Error(`npm pack gave no file: ${stdout}`);
  const tarball = join(work, file);
  return {
    tarball,
    digest: createHash('sha256')
      .update(await readFile(tarball))
      .digest('hex'),
  };
}

async function makeArchive(work: string, packages: readonly string[], archive: string): Promise<void> {
  const bundle = join(work, 'bundle');
  await mkdir(bundle);
  const forLinux = ['--os=linux', `--cpu=${process.arch}`, '--libc=glibc', '--force'];
  const quiet = ['--omit=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  await execa('npm', ['install', '--prefix', bundle, ...forLinux, ...quiet, ...packages], { cwd: bundle });
  const half = join(work, 'bundle.tar.gz');
  await execa('tar', [
    '--create',
    '--gzip',
    '--owner=0',
    '--group=0',
    `--file=${half}`,
    '--directory',
    bundle,
    '.',
  ]);
  await rename(half, archive);
}

/** Fairway itself could not be packed. */
export class BundleFailed extends Error {
  override readonly name = 'BundleFailed';
  readonly code = 'bundle-failed';
  readonly hint = 'npm and tar are needed here, and a way to the package registry; then try again';
  constructor(cause: unknown) {
    const said = (cause as { readonly stderr?: string }).stderr?.trim() || (cause as Error).message;
    super(`Fairway could not be packed for the machine with the role control: ${said}`, { cause });
  }
}
