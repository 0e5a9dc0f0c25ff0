import { randomUUID } from 'node:crypto';
import { copyFile, link, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import semver from 'semver';
import { BuildFailed } from '../build-failed.ts';
import type { Steps } from '../steps.ts';
import type { WantedNode } from './node-version.ts';
import { install, type Tool } from './tools.ts';

/** A Node that was fetched because the server's own does not fit. */
export interface NodeBinary {
  readonly version: string;
  readonly file: string;
}

/**
 * A Node in the wanted range: from the cache, or else from npm, where the package `node` gets its binaries from. Those
 * packages are installed directly, since `node` itself needs an install script to choose between them.
 */
export async function fetchNode(
  wanted: WantedNode,
  cache: string,
  npm: Tool,
  steps: Steps,
): Promise<NodeBinary> {
  const versions = join(cache, 'node');
  const cached = semver.maxSatisfying(await readdir(versions).catch(() => []), wanted.range);
  if (cached !== null) return { version: cached, file: join(versions, cached, 'node') };
  const platform =
    process.platform === 'darwin' && process.arch === 'arm64'
      ? 'bin-darwin-arm64'
      : `${process.platform}-${process.arch}`;
  const home = join(versions, `.install-${randomUUID()}`);
  try {
    await install(`node-${platform}@${wanted.range}`, home, npm, steps);
    const file = join(home, 'node_modules', `node-${platform}`, 'bin', 'node');
    const version = await ask(file, wanted);
    const place = join(versions, version);
    await mkdir(place, { recursive: true });
    await rename(file, join(place, 'node'));
    return { version, file: join(place, 'node') };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function ask(file: string, wanted: WantedNode): Promise<string> {
  const result = await execa(file, ['--version'], { reject: false, timeout: 30_000 });
  const version = semver.clean(result.stdout ?? '');
  if (version !== null) return version;
  throw new BuildFailed({
    step: 'node',
    reason: `the Node that was fetched for ${wanted.range} (${wanted.source}) does not run on this machine.`,
    hint: 'Install that version of Node yourself and start "fairway serve" with it.',
    lastLines: [result.stderr ?? ''],
  });
}

/** Puts the binary into the release, so that it runs on a host without Node. */
export async function placeNode(binary: NodeBinary, file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await rm(file, { force: true });
  // A link costs neither time nor space; on another file system it cannot be made.
  await link(binary.file, file).catch(async () => await copyFile(binary.file, file));
}
