import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { extract } from 'tar';
import { type BuildRequest, build } from '../../src/build/builder.ts';
import type { Release } from '../../src/build/release.ts';
import type { App } from '../../src/config/production.ts';
import { type SampleFile, SampleRepository, temporaryFolder } from './sample-repository.ts';

/** An app's repository, and the release that Fairway builds of it. */
export class SampleBuild {
  readonly lines: string[] = [];
  readonly folder: string;
  readonly repository: SampleRepository;
  readonly app: App;
  private constructor(folder: string, repository: SampleRepository, app: App) {
    this.folder = folder;
    this.repository = repository;
    this.app = app;
  }

  static async create(
    files: Readonly<Record<string, string | SampleFile>>,
    app: Partial<App> = {},
  ): Promise<SampleBuild> {
    const folder = await temporaryFolder();
    const repository = await SampleRepository.create(folder);
    await repository.write(files);
    const defaults = {
      name: 'shop',
      directory: '.',
      runtime: { type: 'node' },
      portEnv: 'PORT',
      buildTimeoutMs: 240_000,
    };
    return new SampleBuild(folder, repository, { ...defaults, ...app } as App);
  }

  async build(options: Partial<BuildRequest> = {}): Promise<Release> {
    const changed = (await this.repository.git('status', '--porcelain')) !== '';
    const commit = changed
      ? await this.repository.commit({})
      : await this.repository.git('rev-parse', 'HEAD');
    const state = join(this.folder, 'state');
    return await build({
      app: this.app,
      repository: join(this.repository.folder, '.git'),
      commit,
      directories: {
        artifacts: join(state, 'artifacts'),
        cache: join(state, 'cache'),
        work: join(state, 'work'),
      },
      buildKey: 'key',
      signal: new AbortController().signal,
      onLine: (line) => this.lines.push(line),
      ...options,
    });
  }

  /** The release's files, unpacked as a host does, once; answers with their folder. */
  async unpack(release: Release): Promise<string> {
    const cwd = join(this.folder, `unpacked-${release.id}`);
    if ((await mkdir(cwd, { recursive: true })) === undefined) return cwd;
    await extract({ file: release.file, cwd, strict: true, preservePaths: true });
    return cwd;
  }
}
