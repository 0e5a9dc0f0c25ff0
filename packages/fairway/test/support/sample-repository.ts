import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);

/** A folder that is gone when the test is. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'fairway test ')));
  onTestFinished(async () => await rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

export interface SampleFile {
  readonly text?: string | Buffer;
  readonly executable?: boolean;
  readonly link?: string;
}

/** A developer's repository: a real git work tree with a life of its own. */
export class SampleRepository {
  readonly folder: string;
  constructor(folder: string) {
    this.folder = folder;
  }

  static async create(parent: string, name = 'app'): Promise<SampleRepository> {
    const repository = new SampleRepository(join(parent, name));
    await mkdir(repository.folder, { recursive: true });
    await repository.git('init', '-q', '-b', 'main');
    await repository.git('config', 'user.name', 'Ada Lovelace');
    await repository.git('config', 'user.email', 'ada@example.org');
    return repository;
  }

  async git(...words: string[]): Promise<string> {
    return (await this.tryGit(...words)).stdout.trim();
  }

  /** Everything that was printed; rejects with it when git fails. */
  async tryGit(...words: string[]): Promise<{ stdout: string; stderr: string }> {
    return await run('git', words, {
      cwd: this.folder,
      env: { ...process.env, LC_ALL: 'C.UTF-8', GIT_ALLOW_PROTOCOL: 'file' },
    });
  }

  async write(files: Readonly<Record<string, string | SampleFile>>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      const file = typeof content === 'string' ? { text: content } : content;
      const place = join(this.folder, path);
      await mkdir(dirname(place), { recursive: true });
      if (file.link !== undefined) await symlink(file.link, place);
      else await writeFile(place, file.text ?? '');
      if (file.executable) await chmod(place, 0o755);
    }
  }

  /** Commits all there is; answers with the id. */
  async commit(files: Readonly<Record<string, string | SampleFile>>, message = 'Change it'): Promise<string> {
    await this.write(files);
    await this.git('add', '-A');
    await this.git('commit', '-q', '--allow-empty', '-m', message);
    return await this.git('rev-parse', 'HEAD');
  }
}

/** What a failed command printed. */
export function printed(error: unknown): string {
  const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
  return stdout + stderr;
}
