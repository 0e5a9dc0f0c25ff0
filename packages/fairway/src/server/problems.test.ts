import { expect, test } from 'vitest';
import { problemOf } from './problems.ts';

test.each(['ENOSPC', 'EDQUOT', 'SQLITE_FULL'])('a full disk (%s) is no bug, and says what to do', (code) => {
  const error = Object.assign(new Error('write failed'), { code });
  expect(problemOf(error)).toEqual({
    status: 503,
    expected: true,
    details: {
      code: 'disk-full',
      message: 'The disk of the state directory is full; what runs keeps running',
      hint: 'Free some space there (df shows it), then try again.',
    },
  });
});

test('a bug is told to the log and not to the client', () => {
  const { status, expected, details } = problemOf(new TypeError('password is hunter2'));
  expect({ status, expected, code: details.code }).toEqual({
    status: 500,
    expected: false,
    code: 'internal-error',
  });
  expect(JSON.stringify(details)).not.toContain('hunter2');
});
