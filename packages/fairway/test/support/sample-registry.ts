import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Pack } from 'tar';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './sample-repository.ts';

export interface SamplePackage {
  readonly name: string;
  readonly version: string;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  /** Content of its index.js. */
  readonly script?: string;
}

/** A package registry on a free port; with a token, for those only who send it. Answers with its address. */
export async function serveRegistry(packages: readonly SamplePackage[], token?: string): Promise<string> {
  const tarballs = new Map<string, Buffer>();
  for (const { script = '', ...description } of packages) {
    tarballs.set(`/${description.name}-${description.version}.tgz`, await tarball(description, script));
  }
  let url = '';
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401).end('{}');
      return;
    }
    const offered = packages.filter(({ name }) => path === `/${name}`);
    if (tarballs.has(path)) response.end(tarballs.get(path));
    else if (offered.length === 0) response.writeHead(404).end('{}');
    else response.end(JSON.stringify(overview(offered, url)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return url;
}

function overview(offered: readonly SamplePackage[], url: string) {
  const versions = offered.map(({ script: _, ...description }) => {
    const dist = { tarball: `${url}${description.name}-${description.version}.tgz` };
    return [description.version, { ...description, dist }] as const;
  });
  const { name, version } = offered.at(-1)!;
  return { name, 'dist-tags': { latest: version }, versions: Object.fromEntries(versions) };
}

async function tarball(description: object, script: string): Promise<Buffer> {
  const cwd = await temporaryFolder();
  await mkdir(join(cwd, 'package'));
  await writeFile(join(cwd, 'package', 'package.json'), JSON.stringify(description));
  await writeFile(join(cwd, 'package', 'index.js'), script);
  const pack = new Pack({ gzip: true, cwd });
  pack.write('package/package.json');
  pack.write('package/index.js');
  pack.end();
  return await pack.concat();
}
