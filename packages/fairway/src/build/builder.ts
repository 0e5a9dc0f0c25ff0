import { randomUUID } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../config/production.ts';
import { describeCommit } from '../git/commits.ts';
import { git } from '../git/git.ts';
import { artifactContent, publishArtifact, writeArtifact } from './artifact.ts';
import { BuildFailed } from './build-failed.ts';
import { checkOut } from './checkout.ts';
import { findSecret, type RegistryCredentials, registryCredentials } from './credentials.ts';
import { buildEnvironment } from './environment.ts';
import { endMarked } from './process-group.ts';
import type { Release } from './release.ts';
import { runtimeBuilder } from './runtimes/registry.ts';
import { type Built, OWN_FOLDER } from './runtimes/runtime.ts';
import { createSteps } from './steps.ts';
import { buildFolder, sweepWork } from './work.ts';

export interface BuildRequest {
  readonly app: App;
  /** Absolute path of the bare repository. */
  readonly repository: string;
  /** Full commit id. */
  readonly commit: string;
  readonly directories: {
    /** Releases go to `<artifacts>/<app>/`. */
    readonly artifacts: string;
    /** What builds share: package caches, Node versions. */
    readonly cache: string;
    /** Room for temporary checkouts. */
    readonly work: string;
  };
  readonly buildKey: string;
  readonly signal: AbortSignal;
  /** Every line of output, raw: it may hold control characters. */
  onLine(line: string): void;
}

const underWay = new Map<string, Promise<Release>>();

/**
 * Makes a commit into a release. The caller has asked the store whether it exists. Of two calls for the same release at
 * once the second waits for the first. Throws BuildFailed; then nothing is left but caches.
 */
export async function build(request: BuildRequest): Promise<Release> {
  const key = JSON.stringify([
    request.directories.artifacts,
    request.app.name,
    request.commit,
    request.buildKey,
  ]);
  for (let other = underWay.get(key); other; other = underWay.get(key)) {
    request.onLine(`${request.commit.slice(0, 12)} is being built already; waiting for it.`);
    try {
      return await other;
    } catch (error) {
      // That it was told to stop says nothing about this request.
      const stopped = error instanceof BuildFailed && error.code === 'build-aborted';
      if (!stopped || request.signal.aborted) throw error;
    }
  }
  const own = buildOnce(request).finally(() => underWay.delete(key));
  underWay.set(key, own);
  return await own;
}

async function buildOnce(request: BuildRequest): Promise<Release> {
  const { app, repository, commit, directories } = request;
  await sweepWork(directories.work);
  const mark = randomUUID();
  const folder = buildFolder(directories.work, app.name, commit, mark);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await mkdir(join(directories.cache, 'home'), { recursive: true, mode: 0o700 });
    const described = await describeCommit(repository, commit);
    const credentials = await registryCredentials(await packageSettings(request), process.env);
    const root = join(folder, 'source');
    const built = await make(request, root, buildEnvironment(directories.cache, mark, credentials));
    await writeFacts(root, commit, app, built);
    await endMarked(mark);
    return {
      app: app.name,
      commit,
      subject: described.subject,
      author: described.author,
      builtAt: Date.now(),
      buildKey: request.buildKey,
      launch: built.launch,
      ...(await packRelease(request, root, new Date(described.at), credentials)),
    };
  } finally {
    await endMarked(mark);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The app's own settings of package managers, which may refer to variables of the control server. */
async function packageSettings({ repository, commit, app }: BuildRequest): Promise<string[]> {
  const folders = [...new Set(['.', app.directory])];
  const files = folders.flatMap((folder) => [join(folder, '.npmrc'), join(folder, '.yarnrc.yml')]);
  return await Promise.all(
    files.map((file) => git(['cat-file', 'blob', `${commit}:${file}`], { repository }).catch(() => '')),
  );
}

async function make(
  request: BuildRequest,
  root: string,
  environment: Readonly<Record<string, string>>,
): Promise<Built> {
  const { app, repository, commit, directories, signal } = request;
  const steps = createSteps({
    environment,
    timeoutMs: app.buildTimeoutMs,
    signal,
    onLine: (line) => request.onLine(line),
  });
  await checkOut({ repository, commit, directory: root, upstream: app.repository, steps, environment });
  const directory = join(root, app.directory);
  if (!(await isFolder(directory))) {
    throw new BuildFailed({
      step: 'checkout',
      reason: `commit ${commit.slice(0, 12)} has no folder ${app.directory}, where fairway.yml says that ${app.name} is.`,
      hint: "Correct the app's directory: in fairway.yml, or deploy a commit that has it.",
    });
  }
  // A folder of that name would be taken for Fairway's own.
  await rm(join(root, OWN_FOLDER), { recursive: true, force: true });
  const workspace = { app, root, directory, cache: directories.cache, steps, environment };
  return await runtimeBuilder(app.runtime.type).build(workspace);
}

/** A release says what it is to whoever finds it on a host. */
async function writeFacts(root: string, commit: string, app: App, built: Built): Promise<void> {
  const facts = { app: app.name, commit, runtime: app.runtime.type, ...built.facts };
  await mkdir(join(root, OWN_FOLDER), { recursive: true });
  await writeFile(join(root, OWN_FOLDER, 'release.json'), `${JSON.stringify(facts, null, 2)}\n`);
}

async function packRelease(
  { app, commit, directories, signal, onLine }: BuildRequest,
  root: string,
  at: Date,
  { secrets }: RegistryCredentials,
): Promise<Pick<Release, 'id' | 'sha256' | 'file' | 'sizeBytes'>> {
  const { paths, files } = await artifactContent(root);
  const leak = await findSecret(root, files, secrets);
  if (leak !== undefined) {
    throw new BuildFailed({
      step: 'pack',
      reason: `${leak} holds a credential of a package registry, which must not reach the instances.`,
      hint: 'Keep it out of what the build writes; in a committed .npmrc refer to it as ${NPM_TOKEN}.',
    });
  }
  const folder = join(directories.artifacts, app.name);
  const written = await writeArtifact(root, paths, at, folder);
  const id = `${commit.slice(0, 12)}-${written.sha256.slice(0, 12)}`;
  const file = join(folder, `${id}.tar.gz`);
  if (signal.aborted) {
    await rm(written.partial, { force: true });
    throw new BuildFailed({ code: 'build-aborted', step: 'pack', reason: 'it was told to stop.' });
  }
  await publishArtifact(written, file);
  onLine(`Release ${id}: ${paths.length} files, ${(written.sizeBytes / 1e6).toFixed(1)} MB`);
  return { id, sha256: written.sha256, file, sizeBytes: written.sizeBytes };
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
