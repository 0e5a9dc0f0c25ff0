import { expect, test } from 'vitest';
import { differences } from './drift.ts';

test('a changed file is shown by its name, with the lines that differ and a little around them', () => {
  const before = 'a\nb\nc\nd\ne\nf\n';
  const diff = {
    before,
    after: before.replace('e\n', 'E\n'),
    before_header: '/etc/x.conf',
    after_header: '/root/.ansible/tmp/y/x.conf',
  };
  expect(differences([diff])).toEqual([{ what: '/etc/x.conf', lines: [' c', ' d', '-e', '+E', ' f'] }]);
});

test('a changed mode or owner is shown as a line of its own', () => {
  const path = '/etc/x.conf';
  expect(differences([{ before: { path, mode: '0600' }, after: { path, mode: '0644' } }])).toEqual([
    { what: path, lines: [` path: ${path}`, '-mode: 0600', '+mode: 0644'] },
  ]);
});

test('a missing file is all that would be added', () => {
  expect(differences([{ before: '', after: 'one\ntwo\n', after_header: '/etc/new' }])).toEqual([
    { what: '/etc/new', lines: ['+one', '+two'] },
  ]);
});

test('what differs in nothing is not shown', () => {
  expect(differences([{ before: 'same\n', after: 'same\n' }, {}])).toEqual([]);
});
