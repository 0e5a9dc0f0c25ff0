import { ALLOWED_PROTOCOLS } from './environment.ts';
import { type GitOptions, gitValue, nulSeparated } from './git.ts';
import type { TreeEntry } from './tree.ts';

/** Why a submodule of the commit cannot be fetched, in a sentence, with what to do; undefined when all could be. */
export async function submoduleProblem(
  commit: string,
  entries: readonly TreeEntry[],
  upstream: string | undefined,
  options: GitOptions,
): Promise<{ problem: string; hint: string } | undefined> {
  const submodules = entries.filter((entry) => entry.kind === 'submodule');
  if (submodules.length === 0) return undefined;
  const urls = entries.some((entry) => entry.path === '.gitmodules')
    ? await submoduleUrls(commit, options)
    : new Map<string, string>();
  for (const { path } of submodules) {
    const url = urls.get(path);
    if (url === undefined) {
      return {
        problem: `${path} is a submodule, but .gitmodules does not say where it comes from.`,
        hint: `Add it with "git submodule add URL ${path}", or remove it with "git rm --cached ${path}".`,
      };
    }
    if (/^\.\.?\//.test(url) && upstream === undefined) return relativeAddress(path, url);
    if (!isAddress(url)) {
      return {
        problem: `The submodule ${path} comes from ${JSON.stringify(url)}, which is no address that Fairway fetches from.`,
        hint: 'Use https://, ssh://, user@host:path, or an absolute path, in .gitmodules.',
      };
    }
  }
  return undefined;
}

function relativeAddress(path: string, url: string): { problem: string; hint: string } {
  return {
    problem: `The submodule ${path} comes from ${url}, relative to where the app's repository was cloned from, which Fairway does not know.`,
    hint: "Give the app a repository: in fairway.yml, or write the submodule's full address into .gitmodules.",
  };
}

/** Whether git may be given this text as another repository's address. */
export function isAddress(url: string): boolean {
  if (url === '' || url.startsWith('-') || /\p{Cc}/u.test(url)) return false;
  if (/^\.\.?\//.test(url) || url.startsWith('/')) return true;
  const scheme = /^([a-z][a-z0-9+.-]*):(\/\/|:)/i.exec(url);
  if (scheme) return scheme[2] === '//' && ALLOWED_PROTOCOLS.includes(scheme[1]!.toLowerCase());
  // user@host:path, git's short form of ssh.
  return /^[^/:]+:[^:]/.test(url);
}

async function submoduleUrls(commit: string, options: GitOptions): Promise<Map<string, string>> {
  const output = await gitValue(
    ['config', '--blob', `${commit}:.gitmodules`, '-z', '--get-regexp', '^submodule\\..*\\.(path|url)$'],
    options,
  );
  const paths = new Map<string, string>();
  const urls = new Map<string, string>();
  for (const entry of nulSeparated(output ?? '')) {
    const [key = '', value = ''] = entry.split('\n');
    const name = key.slice(0, key.lastIndexOf('.'));
    (key.endsWith('.path') ? paths : urls).set(name, value);
  }
  return new Map([...paths].flatMap(([name, path]) => (urls.has(name) ? [[path, urls.get(name)!]] : [])));
}
