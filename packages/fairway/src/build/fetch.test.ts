import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SampleRepository, temporaryFolder } from '../../test/support/sample-repository.ts';
import { git } from '../git/git.ts';
import { type FetchRequest, fetchCommit } from './fetch.ts';

async function fetching() {
  const folder = await temporaryFolder();
  const repository = join(folder, 'shop.git');
  await git(['init', '-q', '--bare', repository]);
  const upstream = await SampleRepository.create(folder, 'upstream');
  const first = await upstream.commit({ a: '1' }, 'One');
  const request: FetchRequest = {
    repository,
    url: upstream.folder,
    branch: 'main',
    signal: new AbortController().signal,
  };
  return { folder, repository, upstream, first, request };
}

test('the newest commit of the branch is fetched, also after it was rewritten', async () => {
  const { upstream, first, request } = await fetching();
  expect(await fetchCommit(request)).toBe(first);
  await upstream.git('commit', '-q', '--amend', '-m', 'Other');
  const rewritten = await upstream.git('rev-parse', 'HEAD');
  expect(
    await fetchCommit({ ...request, url: `file://${encodeURI(upstream.folder)}`.replaceAll('%20', ' ') }),
  ).toBe(rewritten);
});

test('a commit is found on any branch, by the beginning of its id', async () => {
  const { upstream, request } = await fetching();
  await upstream.git('switch', '-q', '-c', 'other');
  const commit = await upstream.commit({ a: '2' }, 'Two');
  expect(await fetchCommit({ ...request, commit: commit.slice(0, 8) })).toBe(commit);
  await expect(fetchCommit({ ...request, commit: 'abcdef1' })).rejects.toMatchObject({
    code: 'commit-not-found',
  });
});

test('fetching leaves the branches that were pushed alone', async () => {
  const { repository, request } = await fetching();
  await fetchCommit(request);
  expect(await git(['for-each-ref', 'refs/heads'], { repository })).toBe('');
});

test('a branch that is not there is said so', async () => {
  const { upstream, request } = await fetching();
  await expect(fetchCommit({ ...request, branch: 'production' })).rejects.toMatchObject({
    code: 'fetch-failed',
    status: 422,
    message: `production cannot be fetched from ${upstream.folder}: it has no such branch (fatal: couldn't find remote ref refs/heads/production).`,
    hint: "Push that branch there, or set the app's deploy: branch: in fairway.yml to one that it has.",
  });
});

test('a repository that is not there is said so', async () => {
  const { folder, request } = await fetching();
  const url = join(folder, 'gone');
  await expect(fetchCommit({ ...request, url })).rejects.toMatchObject({
    message: `main cannot be fetched from ${url}: there is no repository (fatal: '${url}' does not appear to be a git repository).`,
  });
});

test('a server that does not answer is said so, without the password of its address', async () => {
  const { request } = await fetching();
  const error = await fetchCommit({ ...request, url: 'https://ada:geheim@127.0.0.1:9/shop.git' }).catch(
    (caught: unknown) => caught as Error,
  );
  expect((error as Error).message).toContain(
    'main cannot be fetched from https://127.0.0.1:9/shop.git: it does not answer',
  );
  expect((error as Error).message).not.toContain('geheim');
});

test.each(['--upload-pack=touch /tmp/x', 'ext::sh -c id', '', 'relative/path', '../relative', 'x\ny'])(
  '%j is no address',
  async (url) => {
    const { request } = await fetching();
    await expect(fetchCommit({ ...request, url })).rejects.toMatchObject({
      code: 'fetch-address',
      message: `${JSON.stringify(url)} is no address that Fairway fetches from.`,
    });
  },
);
