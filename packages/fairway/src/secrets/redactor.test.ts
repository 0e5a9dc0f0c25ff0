import { expect, test } from 'vitest';
import { Redactor } from './redactor.ts';

function redactor(values: Readonly<Record<string, string>>) {
  const made = new Redactor();
  for (const [name, value] of Object.entries(values)) made.add(name, value);
  return made.redact;
}

test('a value is replaced by its name wherever it stands', () => {
  const redact = redactor({ PASSWORD: 'hunter22' });
  expect(redact('login hunter22 failed: hunter22!')).toBe('login [PASSWORD] failed: [PASSWORD]!');
  expect(redact('nothing to hide')).toBe('nothing to hide');
});

test('a value that holds another one is replaced as a whole', () => {
  expect(redactor({ SHORT: 'abcd', LONG: 'abcdefgh' })('abcdefgh abcd')).toBe('[LONG] [SHORT]');
});

test('a value is known in JSON and in a URL too', () => {
  const redact = redactor({ DSN: 'p@ss "word"/ü' });
  expect(redact(JSON.stringify({ dsn: 'p@ss "word"/ü' }))).toBe('{"dsn":"[DSN]"}');
  expect(redact(`db://me:${encodeURIComponent('p@ss "word"/ü')}@host`)).toBe('db://me:[DSN]@host');
});

test('a value of several lines is known by each of them, as logs are read by the line', () => {
  const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nAB==\n-----END KEY-----';
  const redact = redactor({ KEY: key });
  expect(redact(`loaded ${key}`)).toBe('loaded [KEY]');
  expect(redact('MIIEvQIBADANBgkq')).toBe('[KEY]');
});

test('what looks like a pattern of replacement is only text', () => {
  expect(redactor({ 'A$&B': '$1$&.*' })('x $1$&.* y')).toBe('x [A$&B] y');
});
