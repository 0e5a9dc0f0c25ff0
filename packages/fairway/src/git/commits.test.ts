import { expect, test } from 'vitest';
import { SampleRepository, temporaryFolder } from '../../test/support/sample-repository.ts';
import { commitsBetween, describeCommit, resolveCommit } from './commits.ts';

async function sampleWith(message: string) {
  const sample = await SampleRepository.create(await temporaryFolder());
  const commit = await sample.commit({ 'a.txt': 'a' }, message);
  return { sample, repository: `${sample.folder}/.git`, commit };
}

test('a commit is described by its subject, author and time', async () => {
  const { sample, repository, commit } = await sampleWith('Add a\n\nBecause.');
  expect(await describeCommit(repository, commit)).toEqual({
    commit,
    subject: 'Add a',
    author: 'Ada Lovelace',
    at: Number(await sample.git('log', '-1', '--format=%ct')) * 1000,
  });
});

test('escape sequences and direction overrides in a message do not reach the reader', async () => {
  const { repository, commit } = await sampleWith(
    'Fix \u001b[2J\u001b[31mred\u001b[0m \u001b]0;title\u0007\u202eevil \u009b1mbell\u0007 日本語',
  );
  const { subject } = await describeCommit(repository, commit);
  expect(subject).not.toMatch(/[\p{Cc}\u202e]/u);
  expect(subject).toContain('red');
  expect(subject).toContain('日本語');
});

test('a commit is found by its id, the beginning of one, or a branch', async () => {
  const { repository, commit } = await sampleWith('Add a');
  for (const text of [commit, commit.slice(0, 7), 'main', 'HEAD']) {
    expect(await resolveCommit(repository, text)).toBe(commit);
  }
});

test.each(['--all', '-1', 'main..main', 'HEAD:a.txt', ':/Add', 'nothing', '', 'main\nmain', '@{u}'])(
  '%j names no commit, and the answer says what there is',
  async (text) => {
    const { repository, commit } = await sampleWith('Add a');
    await expect(resolveCommit(repository, text)).rejects.toMatchObject({
      code: 'commit-not-found',
      status: 404,
      message: `${JSON.stringify(text)} names no commit of this app's repository, or more than one.`,
      hint: `It has main (${commit.slice(0, 7)}); give a commit id with at least its first 7 characters.`,
    });
  },
);

test('what a deploy brings is listed newest first, and nothing is invented for an unknown past', async () => {
  const { sample, repository, commit } = await sampleWith('One');
  await sample.commit({ b: 'b' }, 'Two');
  const last = await sample.commit({ c: 'c' }, 'Three');
  const subjects = (await commitsBetween(repository, commit, last)).map(({ subject }) => subject);
  expect(subjects).toEqual(['Three', 'Two']);
  expect(await commitsBetween(repository, '1'.repeat(40), last)).toEqual([]);
  expect(await commitsBetween(repository, last, last)).toEqual([]);
});
